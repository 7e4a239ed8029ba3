"""The program with which deploy tests run on a second version of Terraform: `make test-terraform`."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.conftest import ROOT

PROGRAM = ROOT / ".venv" / "terraform" / "bin" / "terraform"

pytestmark = pytest.mark.skipif(not PROGRAM.exists(), reason="not installed: make .venv/terraform/.ready")


def terraform(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False)


def test_prints_its_version() -> None:
    assert json.loads(terraform("version", "-json").stdout)["terraform_version"] == "1.15.5"


def test_ends_with_the_exit_code_of_terraform() -> None:
    ended = terraform("plan", "-unknown")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "flag provided but not defined: -unknown" in ended.stderr
