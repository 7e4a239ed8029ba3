"""Programs of the examples, run in processes of their own: their packages have the same names."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def without_own_settings(**changes: str) -> dict[str, str]:
    """The variables of this process without those of the tests and of mlinfra, with `changes`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "MLINFRA_"))}
    return {**kept, **changes}


def run(folder: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The exit code and output of `python COMMAND` in `folder`."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=without_own_settings(**variables),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
