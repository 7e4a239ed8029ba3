"""The functions as Lambda gets them: these files, the prices, boto3, and nothing else of mlinfra."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from tests.conftest import ROOT

HANDLERS = ("janitor", "job_finished", "idle", "model_approval", "node_unhealthy", "unused_endpoints")


@pytest.mark.parametrize("module", HANDLERS)
def test_a_handler_loads_and_knows_prices(tmp_path: Path, module: str) -> None:
    code = tmp_path / "code"
    (code / "mlinfra" / "catalog").mkdir(parents=True)
    (code / "mlinfra" / "functions").mkdir()
    for file in (ROOT / "mlinfra" / "catalog").glob("*_prices.csv"):
        shutil.copy(file, code / "mlinfra" / "catalog")
    for file in (ROOT / "mlinfra" / "functions").glob("*.py"):
        shutil.copy(file, code / "mlinfra" / "functions")
    libraries = Path(boto3.__file__).parent.parent
    script = (
        f"import mlinfra, mlinfra.functions.{module} as module, mlinfra.functions.prices as prices\n"
        "assert callable(module.handler) and prices.on_demand_prices()['m5.large'] > 0\n"
        "print(list(mlinfra.__path__))"
    )
    # -S: without the links of site-packages to this checkout.
    answer = subprocess.run(
        [sys.executable, "-S", "-c", script],
        cwd=tmp_path,
        env={"PYTHONPATH": os.pathsep.join([str(code), str(libraries)])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stderr == ""
    assert answer.stdout.strip() == str([str(code / "mlinfra")])
