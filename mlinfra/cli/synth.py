"""`mlinfra synth`: writes the stacks as Terraform JSON, without access to AWS."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlinfra.cli.interruption import on_interruption
from mlinfra.cli.options import StackPatterns  # noqa: TC001  Typer reads the annotations

_FOLDER = Path("synthesized")


def synth(
    stacks: StackPatterns = None,
    *,
    changed_since: Annotated[
        str | None,
        typer.Option(
            help="Mark stacks that equal those of this commit as unchanged: `plan` skips them. Default: none.",
            metavar="REF",
            show_default=False,
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="The folder to write to.")] = _FOLDER,
) -> None:
    """Write the stacks as Terraform JSON to a folder, for `plan --synthesized`. Needs no credentials."""
    from mlinfra.cli.presentation import output_console, progress
    from mlinfra.operations.deploy import synth as operation
    from mlinfra.operations.terraform import project_root

    root = project_root()
    with on_interruption("The folder is incomplete. Run the command again."):
        made = operation(root, progress(), out=out.resolve(), patterns=stacks or [], changed_since=changed_since)
    changed = len(made.stacks) - len(made.unchanged)
    output_console().print(f"{changed} changed and {len(made.unchanged)} unchanged stacks in {out}.")
