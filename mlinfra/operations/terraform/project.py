"""The project folder, and the synthesis of its stacks."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mlinfra.command import own_command
from mlinfra.errors import OperationError
from mlinfra.operations.terraform.process import run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


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
    """The project folder: the nearest folder from `start` upwards with a cdktf.json and main.py.

    Args:
        start: the first folder to check. Default: the working directory.

    Raises:
        OperationError: if there is none.
    """
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "cdktf.json").is_file() and (folder / "main.py").is_file():
            return folder
    message = (
        f"There is no cdktf.json and main.py in {start} or above it. Run this inside your mlinfra project, or create "
        f"one: {own_command()} init DIR"
    )
    raise OperationError(message)


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
