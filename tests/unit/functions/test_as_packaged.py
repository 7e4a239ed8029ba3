"""The functions as Lambda gets them: these files, the prices, boto3, and nothing else of mlinfra."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import boto3

from tests.conftest import ROOT

HANDLERS = ("janitor", "job_finished", "idle", "interruption", "model_approval", "node_unhealthy", "unused_endpoints")


def test_each_handler_loads_alone_and_knows_prices(tmp_path: Path) -> None:
    code = tmp_path / "code"
    (code / "mlinfra" / "catalog").mkdir(parents=True)
    (code / "mlinfra" / "functions").mkdir()
    shutil.copy(ROOT / "mlinfra" / "catalog" / "prices.zip", code / "mlinfra" / "catalog")
    for file in (ROOT / "mlinfra" / "functions").glob("*.py"):
        shutil.copy(file, code / "mlinfra" / "functions")
    libraries = Path(boto3.__file__).parent.parent
    # A process for each handler, with boto3 loaded once.
    script = (
        "import boto3, importlib, os\n"
        f"for name in {HANDLERS}:\n"
        "    child = os.fork()\n"
        "    if not child:\n"
        "        module = importlib.import_module(f'mlinfra.functions.{name}')\n"
        "        import mlinfra, mlinfra.functions.prices as prices\n"
        "        assert callable(module.handler) and prices.on_demand_prices()['m5.large'] > 0\n"
        "        print(name, *mlinfra.__path__)\n"
        "        break\n"
        "    os.waitpid(child, 0)\n"
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
    assert answer.stdout.splitlines() == [f"{name} {code / 'mlinfra'}" for name in HANDLERS]
