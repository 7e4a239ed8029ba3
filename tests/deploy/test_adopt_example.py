"""`examples/adopt`, run by its README."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from mlinfra.testing import Template
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.testing import StackTerraform

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("adopt")]


def test_the_example_synthesizes_to_what_terraform_finds_valid(tmp_path: Path, terraform: StackTerraform) -> None:
    variables = {**os.environ, "CDKTF_OUTDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, ROOT / "examples" / "adopt" / "main.py"], cwd=tmp_path, env=variables, check=True)
    terraform.validate(Template.read(tmp_path / "stacks" / "dev-adopted"))
