"""`mlinfra approve`: records approvals of held findings."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003  Typer reads the annotations
from typing import Annotated

import typer

from mlinfra.cli.options import AsJson  # noqa: TC001  Typer reads the annotations


def approve(
    findings: Annotated[
        list[str],
        typer.Argument(
            help="Digests of findings: the ten digits after the id in the report. Or an id that holds one finding.",
            metavar="FINDING",
        ),
    ],
    *,
    reason: Annotated[str, typer.Option(help="The reason why the changes are intended.")],
    plans: Annotated[
        list[Path] | None,
        typer.Option("--plan", help="A plan with the findings. Default: all in plans/.", metavar="PLAN_JSON"),
    ] = None,
    days: Annotated[
        int, typer.Option(help="The number of days, from today, for which the approval is valid.", min=0, max=30)
    ] = 7,
    who: Annotated[
        str | None, typer.Option(help="The approver's e-mail address. Default: git's user.email.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Approve held findings: each gets an entry in approvals/STACK.yaml, which the approver commits.

    An approval is for one finding with exactly the reported text. It does not count if the approver is an author of the
    change.
    """
    from mlinfra.cli.presentation import output_console, print_json
    from mlinfra.declarations import present_day
    from mlinfra.errors import OperationError
    from mlinfra.operations.review import approve as operation
    from mlinfra.operations.terraform import project_root

    root = project_root()
    chosen = plans or sorted(path.parent for path in root.glob("plans/*/plan.json"))
    if not chosen:
        message = "There is no plan in plans/. No approval was recorded. Plan first, or use --plan."
        raise OperationError(message)
    recorded = operation(findings, chosen, root=root, today=present_day(), reason=reason, who=who, days=days)
    if as_json:
        print_json(recorded)
        return
    from rich.markup import escape

    console = output_console()
    for each in recorded:
        console.print(f"[bold]{each.finding} {each.digest}[/] {escape(each.address)}: {escape(each.text)}")
        console.print(f"  Approved in {each.file}.")
    files = " ".join(dict.fromkeys(each.file for each in recorded))
    console.print(f"Next: [cyan]git add {files} && git commit -m 'Approve {recorded[0].finding}'[/]")
