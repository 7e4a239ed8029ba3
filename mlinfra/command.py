"""How the `mlinfra` command is called from where the user stands."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path


def own_command() -> str:
    """`mlinfra` where the shell finds that, or else the path to it, as short as it can be written.

    What is printed for the user to copy has to work in a shell where no environment is activated.
    """
    if shutil.which("mlinfra"):
        return "mlinfra"
    command = Path(sys.executable).with_name("mlinfra")
    here = Path.cwd()
    return str(command.relative_to(here)) if command.is_relative_to(here) else str(command)
