"""The commands of mlinfra, of cdktf or cdktn and of Terraform as they are called from the current folder."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from mlinfra.cdk_family import CDKTF, installed_command, present


def own_command() -> str:
    """`mlinfra` if it is on the PATH; otherwise the shortest path to it.

    Commands that are printed for the user to copy must work without an activated environment.
    """
    if shutil.which("mlinfra"):
        return "mlinfra"
    command = Path(sys.executable).with_name("mlinfra")
    here = Path.cwd()
    return str(command.relative_to(here)) if command.is_relative_to(here) else str(command)


def deploy_command(environment: str, *stacks: str) -> str:
    """`mlinfra up` of an environment, or of some of its stacks: the command that plans, reviews and applies them."""
    return " ".join((own_command(), "up", environment, *stacks))


def cdk_command() -> str:
    """`npx cdktn` or `npx cdktf`: the installed one of the current folder or one above it, else that of this Python."""
    here = Path.cwd()
    try:
        found = next(filter(None, map(installed_command, (here, *here.parents))), None)
        return f"npx {found.name if found else present().name}"
    except (ImportError, ValueError):  # reported by the commands that synthesize
        return f"npx {CDKTF.name}"


def terraform_command() -> str:
    """The program that TERRAFORM_BINARY_NAME selects, a name or a path, as in cdktf. Default: `terraform`."""
    return os.environ.get("TERRAFORM_BINARY_NAME") or "terraform"
