"""`mlinfra forget`: Terraform lets go of a resource, which stays in AWS."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer


def forget(
    address: Annotated[
        str, typer.Argument(help="The address in Terraform, such as aws_s3_bucket.legacy-data.", metavar="ADDRESS")
    ],
    *,
    stack: Annotated[str, typer.Option(help="The stack whose state it is in, such as dev-adopted.")],
    reason: Annotated[str, typer.Option(help="Why, in a sentence. It is recorded with who and when.")],
) -> None:
    """Take a resource out of Terraform's state without destroying it, and record the reason.

    It writes environments/ENV.forgotten.json; the next deploy of the stack lets go of it. What was adopted is taken
    out of environments/ENV.adopted.json, too. Needs Terraform 1.7 or newer.
    """
    from rich.console import Console
    from rich.markup import escape

    from mlinfra.cli.presentation import StepsOnConsole
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
        message = f"{stack!r} is no stack of an environment. Expected: ENV-COMPONENT, with ENV one of {names}."
        raise OperationError(message)
    chosen = fitting[0]
    progress = StepsOnConsole(Console(stderr=True, soft_wrap=True))
    made = operation(
        chosen,
        root,
        progress,
        address=address,
        stack=stack,
        reason=reason,
        today=date.today(),  # noqa: DTZ011  a day where the user lives
    )
    console = Console(soft_wrap=True, highlight=False)
    console.print(f"\n[bold]{address}[/] stays in AWS as {escape(str(made.id))}; {stack} lets go of it.")
    for each in made.dropped:
        console.print(f"  [dim]taken off the record, since it is forgotten by now: {escape(each)}[/]")
    for each in made.others:
        console.print(f"  [yellow]![/] the same deploy would also do this: {escape(each)}")
    console.print(
        f"Written: environments/{chosen.name}.forgotten.json. Commit it; the next deploy of {stack} forgets it."
    )
