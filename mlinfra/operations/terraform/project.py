"""The project folder, and the synthesis of its stacks."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlinfra.command import own_command
from mlinfra.errors import OperationError
from mlinfra.operations.terraform.process import run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

PROJECT_FOLDER: Final = "MLINFRA_PROJECT_FOLDER"
"""The variable that names the project folder for commands in other folders, such as a repository of training code."""


@dataclass(frozen=True)
class SynthesizedStack:
    """A stack as Terraform JSON."""

    name: str
    """The id of the stack in cdktf."""

    directory: Path
    """The folder of its `cdk.tf.json`, in which Terraform runs."""

    dependencies: tuple[str, ...]
    """The stacks that must be deployed before it."""


def project_root(start: Path | None = None) -> Path:
    """The project folder, as `find_project` finds it.

    Args:
        start: the first folder to check. Default: the working directory.

    Raises:
        OperationError: if there is none, or MLINFRA_PROJECT_FOLDER names a folder that is not a project.
    """
    found = find_project(start)
    if found is None:
        folder = (start or Path.cwd()).resolve()
        message = (
            f"There is no cdktf.json and main.py in {folder} or above it. Run this inside your mlinfra project, name "
            f"its folder in the variable {PROJECT_FOLDER}, or create a project: {own_command()} init DIR"
        )
        raise OperationError(message)
    return found


def find_project(start: Path | None = None) -> Path | None:
    """The nearest folder from `start` upwards with a cdktf.json and main.py, else the one that the variable names.

    Args:
        start: the first folder to check. Default: the working directory.

    Returns:
        The folder; None if there is none and MLINFRA_PROJECT_FOLDER is not set.

    Raises:
        OperationError: if MLINFRA_PROJECT_FOLDER is needed, and names a folder without these files.
    """
    start = (start or Path.cwd()).resolve()
    found = next(filter(_is_project, (start, *start.parents)), None)
    named = os.environ.get(PROJECT_FOLDER)
    if found or not named:
        return found
    folder = Path(named).expanduser().resolve()
    if not _is_project(folder):
        message = (
            f"There is no cdktf.json and main.py in {folder}, which the variable {PROJECT_FOLDER} names. Expected: the "
            f"folder of an mlinfra project."
        )
        raise OperationError(message)
    return folder


def _is_project(folder: Path) -> bool:
    return (folder / "cdktf.json").is_file() and (folder / "main.py").is_file()


def synthesize(
    root: Path, out: Path, *, environment: str, pass_fds: Sequence[int] = ()
) -> tuple[SynthesizedStack, ...]:
    """Synthesize the stacks of one environment to `out`.

    Args:
        root: the project.
        out: the output folder.
        environment: the name of the environment.
        pass_fds: descriptors that the process inherits.

    Returns:
        The stacks, each after its dependencies.

    Raises:
        OperationError: with the output of main.py, if it fails.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    changes = {"MLINFRA_ENV": environment, "CDKTF_OUTDIR": str(out)}
    ended = run([sys.executable, "main.py"], cwd=root, changes=changes, pass_fds=pass_fds)
    if ended.code:
        message = f"The stacks of {environment!r} cannot be synthesized"
        raise OperationError(message, details=ended.errors or ended.output)
    manifest = json.loads((out / "manifest.json").read_text())
    stacks = {
        name: SynthesizedStack(name, out / each["workingDirectory"], tuple(each["dependencies"]))
        for name, each in manifest["stacks"].items()
    }
    return _in_deploy_order(stacks)


def _in_deploy_order(stacks: Mapping[str, SynthesizedStack]) -> tuple[SynthesizedStack, ...]:
    ordered: dict[str, SynthesizedStack] = {}

    def add(stack: SynthesizedStack) -> None:
        for name in stack.dependencies:
            add(stacks[name])
        ordered.setdefault(stack.name, stack)

    for stack in stacks.values():
        add(stack)
    return tuple(ordered.values())
