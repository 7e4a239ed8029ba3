"""`mlinfra adopt`: what was made by hand, under management, and proof that this changes nothing."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from mlinfra.operations.adopt import Adoption, Proposal

DIFFERS = 2
"""The exit code that says that the import would change something, and nothing was written."""

_KINDS = "bucket, instance, auto-scaling-group, security-group, role, domain or endpoint"


def adopt(
    environment: Annotated[str, typer.Argument(help="The environment, such as dev.", metavar="ENV")],
    ids: Annotated[
        list[str] | None,
        typer.Argument(help="What to adopt: ids, ARNs or names.", metavar="ID...", show_default=False),
    ] = None,
    *,
    owner: Annotated[str, typer.Option(help="The e-mail address of the person who answers for it.")],
    tag: Annotated[
        list[str] | None,
        typer.Option(
            help="Adopt what carries this tag, as KEY=VALUE; given several times, all of them.", show_default=False
        ),
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option("--type", help=f"What to look among: {_KINDS}. Default: all.", show_default=False),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show it, and write nothing.")] = False,
    accept_changes: Annotated[
        bool, typer.Option("--accept-changes", help="Write it although the import would change something.")
    ] = False,
) -> None:
    """Bring what was made by hand under management, and prove by a plan that this changes nothing.

    It writes environments/ENV.adopted.json; the next deploy of the stack ENV-adopted imports it. The exit code is 0
    where the import changes nothing, 2 where it would change something and nothing was written, 1 after an error.
    """
    from rich.console import Console

    from mlinfra.cli.presentation import StepsOnConsole
    from mlinfra.declarations import load_environments
    from mlinfra.operations.adopt import Asked, adopt as operation
    from mlinfra.operations.terraform import project_root

    console = Console(soft_wrap=True, highlight=False)
    root = project_root()
    (chosen,) = load_environments(root, only=environment, judged=False)
    made = operation(
        chosen,
        root,
        StepsOnConsole(Console(stderr=True, soft_wrap=True)),
        asked=Asked(ids=ids or (), tags=_tags(tag or ()), kinds=kind or ()),
        owner=owner,
        today=date.today(),  # noqa: DTZ011  a day where the user lives
        neighbours=load_environments(root, judged=False),
        accept_changes=accept_changes,
        dry_run=dry_run,
    )
    for proposal in made.proposals:
        _show(proposal, console)
    _conclude(made, console, chosen.names.stack_id("adopted"), dry_run=dry_run)
    if not made.changes_nothing and not made.written:
        raise typer.Exit(DIFFERS)


def _tags(given: Sequence[str]) -> dict[str, str]:
    from mlinfra.errors import OperationError

    tags = {}
    for each in given:
        key, separator, value = each.partition("=")
        if not key or not separator:
            message = f"--tag {each!r} is no tag. Expected: KEY=VALUE."
            raise OperationError(message)
        tags[key] = value
    return tags


def _show(proposal: Proposal, console: Console) -> None:
    from rich.markup import escape

    adopted, planned = proposal.adopted, proposal.planned
    console.print(f"\n[bold]{adopted.address}[/]  {escape(adopted.id)}")
    for name, value in adopted.arguments.items():
        console.print(f"  {name:<24} {escape(json.dumps(value, ensure_ascii=False))}")
    for path, reason in proposal.left_out.items():
        console.print(f"  [dim]{escape(path):<24} not written: {escape(reason)}[/]")
    for name in sorted({*adopted.ignore_changes} - {*proposal.left_out}):
        console.print(f"  [dim]{name:<24} not written: it is Terraform's own, and nothing in AWS[/]")
    if planned.changes_nothing:
        console.print("  [green]✓[/] the import changes nothing")
    else:
        console.print(f"  [yellow]![/] the plan says: {planned.outcome}")
    for change in planned.changes:
        console.print(f"    [yellow]{escape(str(change))}[/]")
    console.print(f"  Next step: {escape(proposal.next_step)}")


def _conclude(made: Adoption, console: Console, stack_id: str, *, dry_run: bool) -> None:
    from rich.markup import escape

    if made.others:
        console.print(
            f"\n[yellow]![/] A deploy of {stack_id} would also do this, which is none of this adoption's doing:"
        )
        for each in made.others:
            console.print(f"    {escape(each)}")
    count = len(made.proposals)
    changing = sum(not each.planned.changes_nothing for each in made.proposals)
    console.print(
        f"\nThe plan imports {count}, changes nothing."
        if not changing
        else f"\nThe plan imports {count}, and {changing} of them would change."
    )
    if made.written:
        console.print(
            f"Written: environments/{made.written.name}. Commit it; the next deploy of {stack_id} imports it."
        )
    elif dry_run:
        console.print("Nothing was written (--dry-run).")
    else:
        console.print("Nothing was written. --accept-changes writes it all the same.")
