"""The check for missing programs, which runs before anything is installed."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import ROOT


def test_it_runs_without_installed_packages() -> None:
    # -S leaves out site-packages, where the dependencies are.
    command = [sys.executable, "-S", "-m", "ci.tools", "node"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
