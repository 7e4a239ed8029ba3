"""`mlinfra adopt`: brings existing resources under management."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlinfra.cli.interruption import on_interruption
from mlinfra.cli.options import AsJson, EnvironmentName, ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from mlinfra.operations.adopt import Adoption, AdoptionRequest, Proposal

_KINDS = "bucket, instance, auto-scaling-group, security-group, role, domain or endpoint"


def adopt(
    environment: EnvironmentName,
    ids: Annotated[
        list[str] | None,
        typer.Argument(help="Ids, ARNs or names of resources.", metavar="ID", show_default=False),
    ] = None,
    *,
    owner: Annotated[str, typer.Option(help="The e-mail address of the owner.", metavar="EMAIL")],
    tag: Annotated[
        list[str] | None,
        typer.Option(
            help="Adopt resources with this tag. If repeated: with all of the tags.",
            metavar="KEY=VALUE",
            show_default=False,
        ),
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            "--type", help=f"The types to search: {_KINDS}. Default: all.", metavar="TYPE", show_default=False
        ),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(
            help="The region to search. Default: that of the environment; of an ARN, its own.",
            metavar="REGION",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the proposal, and write nothing.")] = False,
    accept_changes: Annotated[
        bool, typer.Option("--accept-changes", help="Write the record although the import would change resources.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring existing resources under management, after a plan has verified that nothing changes.

    It writes environments/ENV.adopted.json; the next apply of the stack ENV-adopted imports the resources. The exit
    code is 0 if the import changes nothing, 2 if it would change resources and nothing was written, and 1 after an
    error.
    """
    from mlinfra.operations.adopt import AdoptionRequest

    made = adopt_selected(
        environment,
        AdoptionRequest(ids=ids or (), tags=_tags(tag or ()), kinds=kind or (), region=region),
        owner=owner,
        dry_run=dry_run,
        accept_changes=accept_changes,
        as_json=as_json,
    )
    if not made.changes_nothing and not made.written:
        raise typer.Exit(ExitCode.DIFFERENCE)


def adopt_selected(
    environment: str,
    request: AdoptionRequest,
    *,
    owner: str,
    dry_run: bool = False,
    accept_changes: bool = False,
    as_json: bool = False,
) -> Adoption:
    """Adopt a selection of resources, and show the result.

    Args:
        environment: the name of the environment.
        request: the selection.
        owner: the e-mail address of the owner.
        dry_run: True to write nothing. Default: False.
        accept_changes: True to adopt resources that the import would change. Default: False.
        as_json: True to write JSON to standard output. Default: False.
    """
    from mlinfra.cli.presentation import output_console, print_json, progress
    from mlinfra.declarations import load_environments
    from mlinfra.operations.adopt import adopt as operation
    from mlinfra.operations.terraform import project_root

    root = project_root()
    (chosen,) = load_environments(root, only=environment, judged=False)
    with on_interruption(
        "Nothing was changed in AWS or in the state. The record was replaced completely, or is unchanged."
    ):
        made = operation(
            chosen,
            root,
            progress(),
            request=request,
            owner=owner,
            today=date.today(),  # noqa: DTZ011  a day where the user lives
            other_environments=load_environments(root, judged=False),
            accept_changes=accept_changes,
            dry_run=dry_run,
        )
    if as_json:
        print_json(_as_json(made))
    else:
        console = output_console()
        for proposal in made.proposals:
            _show(proposal, console)
        _conclude(made, console, chosen.names.stack_id("adopted"), dry_run=dry_run)
    return made


def _as_json(made: Adoption) -> dict[str, Any]:
    return {
        "resources": [
            {
                "address": each.adopted.address,
                "id": each.adopted.id,
                "arguments": each.adopted.arguments,
                "left_out": dict(each.left_out),
                "outcome": each.planned.outcome,
                "changes": [
                    {"path": change.path, "before": change.before, "after": change.after}
                    for change in each.planned.changes
                ],
                "next_step": each.next_step,
            }
            for each in made.proposals
        ],
        "other_changes": list(made.others),
        "written": str(made.written) if made.written else None,
    }


def _tags(given: Sequence[str]) -> dict[str, str]:
    from mlinfra.errors import OperationError

    tags = {}
    for each in given:
        key, separator, value = each.partition("=")
        if not key or not separator:
            message = f"--tag {each!r} is not a valid tag. Expected: KEY=VALUE."
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
        console.print(f"  [dim]{escape(path):<24} not recorded: {escape(reason)}[/]")
    for name in sorted({*adopted.ignore_changes} - {*proposal.left_out}):
        console.print(f"  [dim]{name:<24} not recorded: an argument of Terraform without a value in AWS[/]")
    if planned.changes_nothing:
        console.print("  [green]✓[/] the import changes nothing")
    else:
        console.print(f"  [yellow]![/] planned: {planned.outcome}")
    for change in planned.changes:
        console.print(f"    [yellow]{escape(str(change))}[/]")
    console.print(f"  Next step: {escape(proposal.next_step)}")


def _conclude(made: Adoption, console: Console, stack_id: str, *, dry_run: bool) -> None:
    from rich.markup import escape

    if made.others:
        console.print(
            f"\n[yellow]![/] The next apply of {stack_id} also contains changes that are unrelated to this adoption:"
        )
        for each in made.others:
            console.print(f"    {escape(each)}")
    count = len(made.proposals)
    resources = f"{count} resource{'' if count == 1 else 's'}"
    changing = sum(not each.planned.changes_nothing for each in made.proposals)
    console.print(
        f"\nThe plan imports {resources} and changes nothing."
        if not changing
        else f"\nThe plan imports {resources} and would change {changing} of them."
    )
    if made.written:
        console.print(
            f"Written: environments/{made.written.name}. Commit it. The next apply of {stack_id} imports the resources."
        )
    elif dry_run:
        console.print("Nothing was written (--dry-run).")
    else:
        console.print("Nothing was written. To accept the changes, use --accept-changes.")
