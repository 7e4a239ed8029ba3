"""`mlinfra forget`: removes a resource from the state without destroying it."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from mlinfra.cli.interruption import on_interruption
from mlinfra.cli.options import AsJson  # noqa: TC001  Typer reads the annotations


def forget(
    address: Annotated[
        str, typer.Argument(help="The address in Terraform, such as aws_s3_bucket.legacy-data.", metavar="ADDRESS")
    ],
    *,
    stack: Annotated[str, typer.Option(help="The stack of the resource, such as dev-adopted.", metavar="STACK")],
    reason: Annotated[
        str, typer.Option(help="The reason, in a sentence. It is recorded with principal and date.", metavar="TEXT")
    ],
    as_json: AsJson = False,
) -> None:
    """Remove a resource from Terraform's state without destroying it, and record the reason.

    It writes environments/ENV.forgotten.json; the next apply of the stack removes the resource from the state. Adopted
    resources are also removed from environments/ENV.adopted.json. Requires Terraform 1.7 or newer.
    """
    from rich.markup import escape

    from mlinfra.cli.presentation import output_console, print_json, progress
    from mlinfra.declarations import load_environments
    from mlinfra.errors import OperationError
    from mlinfra.operations.adopt import forget as operation
    from mlinfra.operations.deploy import environments_of
    from mlinfra.operations.terraform import project_root

    root = project_root()
    environments = load_environments(root, judged=False)
    fitting = environments_of(stack, environments)
    if not fitting:
        names = ", ".join(each.name for each in environments)
        message = f"The stack {stack!r} belongs to no environment. Expected: ENV-COMPONENT, with ENV one of {names}."
        raise OperationError(message)
    chosen = fitting[0]
    with on_interruption(
        "Nothing was changed in AWS or in the state. Check environments/ with git status before the next apply."
    ):
        made = operation(
            chosen,
            root,
            progress(),
            address=address,
            stack=stack,
            reason=reason,
            today=date.today(),  # noqa: DTZ011  a day where the user lives
        )
    if as_json:
        record = f"environments/{chosen.name}.forgotten.json"
        print_json(
            {
                "address": address,
                "stack": stack,
                "id": made.id,
                "removed_entries": list(made.dropped),
                "other_changes": list(made.others),
                "written": record,
            }
        )
        return
    console = output_console()
    console.print(
        f"\n[bold]{address}[/] remains in AWS as {escape(str(made.id))}. The next apply of {stack} forgets it."
    )
    for each in made.dropped:
        console.print(f"  [dim]entry removed, because it is no longer in the state: {escape(each)}[/]")
    for each in made.others:
        console.print(f"  [yellow]![/] the same apply also contains this change: {escape(each)}")
    console.print(f"Written: environments/{chosen.name}.forgotten.json. Commit it before the next apply of {stack}.")
