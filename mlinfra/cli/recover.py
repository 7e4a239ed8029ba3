"""`mlinfra recover`: adds resources to a state that a killed apply created."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mlinfra.cli.interruption import on_interruption
from mlinfra.cli.options import AsJson  # noqa: TC001  Typer reads the annotations
from mlinfra.cli.questions import confirmed
from mlinfra.functions.counting import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra.operations.recover import Existing


def recover(
    stack: Annotated[str, typer.Argument(help="The stack, such as dev-data.", metavar="STACK")],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Import what was found without a question.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add resources to the state that exist in AWS, and that a plan would create: after Terraform was killed.

    Resources are found by their names, and by the log of the killed apply. They are listed, imported after a question,
    and a plan shows what remains. Nothing in AWS is changed. Resources with other tags are listed and never imported.
    """
    from rich.markup import escape

    from mlinfra.cli.presentation import output_console, print_json, progress
    from mlinfra.command import own_command
    from mlinfra.operations.recover import recover as operation
    from mlinfra.operations.terraform import project_root

    with on_interruption("Nothing in AWS was changed. Completed imports are in the state. Run it again for the rest."):
        result = operation(stack, project_root(), progress(), confirm=lambda found: _confirmed(found, yes=yes))
    if as_json:
        print_json(result)
        return
    console = output_console()
    console.print(
        f"{counted(len(result.imported), 'resource')} added to the state of {stack}. Remaining: {result.remaining}."
    )
    for each in result.foreign:
        console.print(
            f"[yellow]![/] {escape(each.address)} exists as {escape(each.id)} with other tags, so this stack did not "
            f"create it. Rename it in the code, or adopt it: [cyan]{own_command()} adopt[/]"
        )
    if result.unchecked:
        console.print(
            f"Not searched for, because AWS chooses their ids: {escape(', '.join(result.unchecked))}. The next apply "
            f"creates them, even if the killed apply did so before."
        )
    console.print(f"Next: [cyan]{own_command()} plan {stack}[/]")


def _confirmed(found: Sequence[Existing], *, yes: bool) -> bool:
    from rich.markup import escape

    from mlinfra.cli.presentation import error_console

    console = error_console()
    for each in found:
        changes = f"  [dim]the next apply changes {', '.join(each.differences)}[/]" if each.differences else ""
        console.print(f"  {escape(each.address)}  {escape(each.id)}{changes}")
    return yes or confirmed(f"Import {counted(len(found), 'resource')} into the state?", "Use --yes")
