"""`examples/adopt`, as a stranger would run it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mlinfra.operations.terraform import Terraform
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("adopt")]


def test_the_example_synthesizes_to_what_terraform_finds_valid(tmp_path: Path, deployable: Path) -> None:
    variables = {**os.environ, "CDKTF_OUTDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, ROOT / "examples" / "adopt" / "main.py"], cwd=tmp_path, env=variables, check=True)
    folder = tmp_path / "stacks" / "dev-adopted"
    shutil.copyfile(ROOT / ".terraform.lock.hcl", folder / ".terraform.lock.hcl")
    (folder / "backend_override.tf.json").write_text('{"terraform": {"backend": {"local": {}}}}')
    terraform = Terraform(folder, deployable)
    terraform.init()
    terraform.validate()
