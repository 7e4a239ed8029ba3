"""`mlinfra apply`: applies reviewed plans."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  Typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from mlinfra.cli.interruption import on_interruption
from mlinfra.cli.options import AsJson  # noqa: TC001  Typer reads the annotations
from mlinfra.cli.plan_arguments import usable

if TYPE_CHECKING:
    from collections.abc import Sequence


def apply(
    plans: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Folders that `plan` saved, such as plans/dev-data.", metavar="[PLAN]...", show_default=False
        ),
    ] = None,
    *,
    stored: Annotated[
        Path | None,
        typer.Option(
            help="Apply the plans in the state bucket that this file lists, instead of folders. `plan --store` writes "
            "the file.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    tag: Annotated[
        str | None,
        typer.Option(
            help="A git tag for the applied commit, such as experiment-v2.3-infra. Default: none.", show_default=False
        ),
    ] = None,
    allow_dirty: Annotated[
        bool, typer.Option("--allow-dirty", help="Apply plans of uncommitted changes. This is recorded.")
    ] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Include in the review whether jobs run on the affected clusters now.")
    ] = False,
    max_age: Annotated[int, typer.Option("--max-age", help="The maximum age of a plan, in hours.", min=1)] = 24,
    as_json: AsJson = False,
) -> None:
    """Apply reviewed plans: exactly the saved plans, never a new one.

    A plan is refused if it was modified, is stale or too old, was made from another commit, or was applied before. The
    exit code is 3 if the review holds a finding that is not approved. The applied commit is recorded; `mlinfra
    provenance stack` shows it.
    """
    from datetime import date, timedelta

    from mlinfra.cli.presentation import output_console, print_json, progress
    from mlinfra.operations.deploy import apply as operation, state_after_interruption
    from mlinfra.operations.terraform import project_root

    root = project_root()
    used = _fetched(stored, root) if stored and not plans else _given(plans, stored)
    with on_interruption(lambda: state_after_interruption(used)):
        applied = operation(
            used,
            root,
            progress(),
            today=date.today(),  # noqa: DTZ011  an approval expires in the reviewer's time zone
            allow_dirty=allow_dirty,
            live=live,
            tag=tag,
            max_age=timedelta(hours=max_age),
        )
    if as_json:
        print_json(applied)
        return
    console = output_console()
    for each in applied:
        commit = f"commit {each.commit[:12]}" if each.commit else "no commit"
        dirty = " [yellow]with uncommitted changes[/]" if each.dirty else ""
        console.print(f"{each.stack} was applied from {commit}{dirty}. Recorded in {each.parameter}.")
    if tag:
        console.print(f"Tagged {tag}. To share the tag: [cyan]git push origin {tag}[/]")


def _given(plans: Sequence[Path] | None, stored: Path | None) -> Sequence[Path]:
    """The plans that were given as arguments and can be applied."""
    from mlinfra.errors import OperationError

    if stored or not plans:
        message = "Expected: either folders of plans, such as plans/dev-data, or --stored FILE."
        raise OperationError(message)
    return usable(plans)


def _fetched(stored: Path, root: Path) -> Sequence[Path]:
    """The folders of stored plans, after they were fetched."""
    from mlinfra.cli.presentation import output_console, progress
    from mlinfra.operations.deploy import fetch, read_list

    listed = read_list(stored)
    if not listed:
        output_console().print(f"{stored} lists no plan. Nothing was applied.")
        raise typer.Exit
    with on_interruption("Nothing was applied."):
        return fetch(listed, root, progress())
