"""`mlinfra doctor`: checks of programs, project, credentials and state, each problem with its remedy."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from mlinfra.cli.options import AsJson, ExitCode
from mlinfra.functions.counting import counted

if TYPE_CHECKING:
    from mlinfra.operations.doctor import Diagnosis

_MARKS = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "problem": "[bold red]✗[/]"}


def doctor(
    environments: Annotated[
        list[str] | None,
        typer.Argument(
            help="The environments, such as dev. Default: those of the AWS account in use.",
            metavar="ENV",
            show_default=False,
        ),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Check programs, versions, declarations, credentials, state and quotas, and say how to solve each problem.

    Nothing is changed. The exit code is 1 if there is a problem, 0 with warnings alone.
    """
    from rich.markup import escape

    from mlinfra.cli.presentation import output_console, print_json
    from mlinfra.operations.doctor import Status, diagnose
    from mlinfra.operations.terraform import project_root

    console = output_console()
    found: list[Diagnosis] = []
    for each in diagnose(project_root(), today=date.today(), names=environments or ()):  # noqa: DTZ011  the user's day
        found.append(each)
        if as_json:
            continue
        console.print(f"{_MARKS[each.status.value]} [bold]{escape(each.area)}[/]: {escape(each.text)}")
        if each.remedy:
            console.print(f"  {escape(each.remedy)}")
    if as_json:
        print_json(found)
    problems = sum(each.status is Status.PROBLEM for each in found)
    if problems:
        if not as_json:
            console.print(f"\n{counted(problems, 'problem')}.")
        raise typer.Exit(ExitCode.ERROR)
