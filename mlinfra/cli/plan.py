"""`mlinfra plan` on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape

from mlinfra.cli.side_by_side import StepsSideBySide
from mlinfra.command import own_command
from mlinfra.operations.deploy import plan
from mlinfra.operations.terraform import project_root

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mlinfra.operations.deploy import Plans

DIFFERENCE = 2
"""The exit code that says that something would change, as that of `terraform plan -detailed-exitcode`."""


def show_plan(
    patterns: Sequence[str],
    *,
    changed_since: str | None,
    parallel: int,
    lock: bool,
    out: Path | None,
    detailed_exitcode: bool,
) -> None:
    """Plan stacks of the project around the working directory, and say what came of it."""
    console = Console(soft_wrap=True)
    root = project_root()
    plans = plan(
        root,
        StepsSideBySide(console),
        patterns=patterns,
        changed_since=changed_since,
        parallel=parallel,
        lock=lock,
        out=out.resolve() if out else None,
    )
    _show(plans, console, changed_since)
    if plans.failed:
        raise typer.Exit(1)
    if detailed_exitcode and plans.differs:
        raise typer.Exit(DIFFERENCE)


def _show(plans: Plans, console: Console, changed_since: str | None) -> None:
    console.print()
    if plans.environments_left_out:
        left = ", ".join(plans.environments_left_out)
        console.print(f"Not planned, their accounts are others: {left}", style="dim", highlight=False)
    if plans.unchanged:
        console.print(f"As at {changed_since}: {', '.join(plans.unchanged)}", style="dim", highlight=False)
    for name in plans.gone:
        console.print(
            f"[yellow]![/] {name} is declared no longer, and what it made is still there. To destroy it: "
            f"git worktree add /tmp/before {escape(str(changed_since))}, and in there: npx cdktf destroy {name}",
            highlight=False,
        )
    if any(each.about.dirty for each in plans.planned):
        console.print(
            "[yellow]![/] Planned from uncommitted changes: `apply` refuses these plans without --allow-dirty.",
            highlight=False,
        )
    for failed in plans.failed:
        console.print(f"\n[bold red]✗[/] [bold]{failed.stack}[/]: {escape(failed.message)}", highlight=False)
        if failed.details:
            console.print(escape(failed.details), highlight=False)
    if plans.failed:
        names = ", ".join(each.stack for each in plans.failed)
        console.print(f"\n[bold red]Not planned:[/] {names}", highlight=False)
    if plans.planned:
        folder = plans.planned[0].folder.parent
        count = f"{len(plans.planned)} plan{'s' if len(plans.planned) > 1 else ''}"
        review = f"{own_command()} review {escape(str(folder))}/*/plan.json"
        console.print(f"{count} in {escape(str(folder))}. Next: [cyan]{review}[/]", highlight=False)
    elif not plans.failed:
        console.print("No stack to plan.", highlight=False)
