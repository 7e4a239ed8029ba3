"""`mlinfra up`: plans, reviews and applies the stacks of an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mlinfra.cli.interruption import on_interruption
from mlinfra.cli.options import AsJson, EnvironmentName  # noqa: TC001  Typer reads the annotations
from mlinfra.cli.preflight import show_obstacles
from mlinfra.cli.questions import confirmed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mlinfra.operations.review import Report


def up(
    environment: EnvironmentName,
    stacks: Annotated[
        list[str] | None,
        typer.Argument(
            help="Stacks or patterns, such as dev-data. Default: all of the environment.",
            metavar="STACK",
            show_default=False,
        ),
    ] = None,
    *,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Apply without questions. Held findings still stop it.")
    ] = False,
    allow_dirty: Annotated[
        bool, typer.Option("--allow-dirty", help="Apply uncommitted changes. This is recorded.")
    ] = False,
    live: Annotated[
        bool, typer.Option("--live", help="Include in the review whether jobs run on the affected clusters now.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Deploy an environment: plan, review and apply its stacks in the order of their dependencies.

    Each round shows the review of its plans and asks before they are applied. The exit code is 3 if the review holds a
    finding that is not approved. Stacks without changes are skipped, so it can be run again at any time.
    """
    from datetime import date

    from mlinfra.cli.presentation import error_console, output_console, print_json, progress
    from mlinfra.cli.review_on_terminal import show_review
    from mlinfra.operations.deploy import state_after_interruption
    from mlinfra.operations.terraform import project_root
    from mlinfra.operations.up import Conversation, up as operation

    begun: list[Path] = []

    def begin(folders: Sequence[Path]) -> None:
        begun[:] = folders

    console = error_console()

    def show(report: Report) -> None:
        show_review(report, console)
        console.print()

    conversation = Conversation(
        progress=progress(),
        confirm=lambda question: yes or confirmed(question, "Nothing more was applied. Use --yes."),
        show=show,
        begin=begin,
        planned=lambda planned: show_obstacles(planned, console),
    )
    with on_interruption(lambda: state_after_interruption(begun)):
        deployed = operation(
            environment,
            project_root(),
            conversation,
            today=date.today(),  # noqa: DTZ011  an approval expires in the reviewer's time zone
            stacks=stacks or [],
            allow_dirty=allow_dirty,
            live=live,
        )
    if as_json:
        print_json(deployed)
        return
    shown = output_console()
    for each in deployed.applied:
        shown.print(f"{each.stack}: applied from {f'commit {each.commit[:12]}' if each.commit else 'no commit'}")
    if deployed.unchanged:
        shown.print(f"Nothing to change: {', '.join(deployed.unchanged)}", style="dim")
    if deployed.declined:
        shown.print(f"Not applied: {', '.join(deployed.declined)}")
