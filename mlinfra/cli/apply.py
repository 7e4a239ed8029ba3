"""`mlinfra apply`: applies reviewed plans."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  Typer reads the annotations
from typing import Annotated

import typer

from mlinfra.cli.interruption import on_interruption
from mlinfra.cli.options import AsJson  # noqa: TC001  Typer reads the annotations
from mlinfra.cli.plan_arguments import usable


def apply(
    plans: Annotated[
        list[Path], typer.Argument(help="Folders that `plan` saved, such as plans/dev-data.", metavar="PLAN")
    ],
    *,
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

    used = usable(plans)
    with on_interruption(lambda: state_after_interruption(used)):
        applied = operation(
            used,
            project_root(),
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
