"""The `mlinfra` command as it is called from the current folder."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path


def own_command() -> str:
    """`mlinfra` if it is on the PATH; otherwise the shortest path to it.

    Commands that are printed for the user to copy must work without an activated environment.
    """
    if shutil.which("mlinfra"):
        return "mlinfra"
    command = Path(sys.executable).with_name("mlinfra")
    here = Path.cwd()
    return str(command.relative_to(here)) if command.is_relative_to(here) else str(command)
