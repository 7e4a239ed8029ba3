"""`mlinfra destroy`: destroys the stacks of an environment, and keeps protected data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mlinfra.cli.interruption import on_interruption
from mlinfra.cli.options import AsJson, EnvironmentName  # noqa: TC001  Typer reads the annotations
from mlinfra.cli.questions import typed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rich.console import Console

    from mlinfra.operations.destroy import Destroyed, Destruction


def destroy(
    environment: EnvironmentName,
    stacks: Annotated[
        list[str] | None,
        typer.Argument(
            help="Stacks or patterns, such as dev-training. Default: all of the environment that can be destroyed.",
            metavar="STACK",
            show_default=False,
        ),
    ] = None,
    *,
    confirm: Annotated[
        str | None,
        typer.Option(
            "--confirm", help="The name of the environment, instead of the question.", metavar="ENV", show_default=False
        ),
    ] = None,
    in_use: Annotated[
        bool, typer.Option("--in-use", help="Destroy endpoints although they received requests in the last hour.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Destroy the stacks of an environment, after a question for its name. Protected data stays.

    It first shows what is destroyed, which data is deleted, and what stays. Nothing is destroyed while jobs run, or
    while buckets and repositories without force_destroy contain data. Stacks with protected resources (protect_data)
    and the stack of the Terraform state stay.
    """
    from dataclasses import asdict
    from datetime import date

    from mlinfra.cli.presentation import error_console, output_console, print_json, progress
    from mlinfra.operations.deploy import state_after_interruption
    from mlinfra.operations.destroy import prepared_destruction
    from mlinfra.operations.terraform import project_root

    begun: list[Path] = []

    def begin(folders: Sequence[Path]) -> None:
        begun[:] = folders

    reporting = progress()
    with (
        on_interruption(lambda: state_after_interruption(begun)),
        prepared_destruction(environment, project_root(), reporting, stacks=stacks or (), in_use=in_use) as planned,
    ):
        _show(planned, error_console())
        planned.require_possible()
        destroyed: tuple[Destroyed, ...] = ()
        if planned.planned:
            _require_confirmed(environment, confirm)
            destroyed = planned.run(reporting, today=date.today(), begin=begin)  # noqa: DTZ011  the user's day
    if as_json:
        print_json(
            {
                "destroyed": [asdict(each) for each in destroyed],
                "kept": [asdict(each) for each in planned.kept],
                "consequences": [asdict(each) for each in planned.consequences],
            }
        )
        return
    console = output_console()
    for each in destroyed:
        console.print(f"{each.stack}: {each.resources} resources destroyed")
    if not destroyed:
        console.print("There is nothing to destroy.")


def _show(planned: Destruction, console: Console) -> None:
    from rich.markup import escape

    for each in planned.planned:
        console.print(f"[bold]{each.about.stack}[/]: {planned.resources[each.about.stack]} resources are destroyed")
    for title, kind in (("Deleted with them:", "deleted"), ("Remains in AWS:", "remains")):
        texts = [f"  {each.stack}: {each.text}" for each in planned.consequences if each.kind == kind]
        if texts:
            console.print(escape("\n".join([title, *texts])))
    for kept in planned.kept:
        console.print(f"[bold]{kept.stack}[/] stays: {escape(kept.reason)}")
    if planned.undeclared:
        console.print(
            f"Not destroyed, because this commit does not declare them: {', '.join(planned.undeclared)}. Check out the "
            f"last commit that does."
        )


def _require_confirmed(environment: str, given: str | None) -> None:
    """Check that the name of the environment was given or typed.

    Raises:
        OperationError: if another name was.
    """
    from mlinfra.errors import OperationError

    answer = given or typed(
        f"Type {environment} to destroy these resources", f"Use --confirm {environment}. Nothing was destroyed."
    )
    if answer != environment:
        message = f"{answer!r} is not the name of the environment, {environment!r}. Nothing was destroyed."
        raise OperationError(message)
