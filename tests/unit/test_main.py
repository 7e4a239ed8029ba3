"""`python -m mlinfra`."""

from __future__ import annotations

import subprocess
import sys

from tests.programs import MLINFRA


def test_python_m_mlinfra_is_the_command() -> None:
    shown = [
        subprocess.run([*program, "--version"], capture_output=True, text=True, check=True).stdout
        for program in ([MLINFRA], [sys.executable, "-m", "mlinfra"])
    ]
    assert shown[0].startswith("mlinfra 0.")
    assert shown[1] == shown[0]
