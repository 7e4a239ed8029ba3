"""`python -m mlinfra`."""

from __future__ import annotations

import subprocess
import sys


def test_python_m_mlinfra_is_the_command() -> None:
    ended = subprocess.run([sys.executable, "-m", "mlinfra", "--version"], capture_output=True, text=True, check=True)
    assert ended.stdout.startswith("mlinfra 0.")
