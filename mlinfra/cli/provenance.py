"""`mlinfra provenance`: the commit of a stack, and the stacks of a commit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mlinfra.cli.options import AsJson, StackPatterns  # noqa: TC001  Typer reads the annotations

if TYPE_CHECKING:
    from mlinfra.operations.deploy import AppliedCommit, StackProvenance

provenance = typer.Typer(
    help="The commit that a stack was applied from, and the stacks that a commit is applied to.", no_args_is_help=True
)

_MATCHES = {
    "commit": "[green]this commit[/]",
    "bytes": "[green]the same infrastructure[/]",
    "other": "[yellow]other infrastructure[/]",
    "unknown": "[yellow]not recorded[/]",
}
_STATES = {
    "unchanged": "unchanged since",
    "changed": "[yellow]changed since, by another program such as cdktf deploy[/]",
    "unknown": "not recorded by that version of mlinfra",
}


@provenance.command("stack")
def of_stack(
    stack: Annotated[str, typer.Argument(help="The stack, such as dev-data.", metavar="STACK")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show the commit that a stack was applied from, with date, principal and distance to the checkout."""
    from rich.markup import escape

    from mlinfra.cli.presentation import output_console, print_json
    from mlinfra.operations.deploy import stack_provenance
    from mlinfra.operations.terraform import project_root

    found = stack_provenance(stack, project_root())
    if as_json:
        print_json(found)
        return
    applied = found.applied
    output_console().print(
        f"[bold]{stack}[/]\n"
        f"commit    {_commit(applied)}{escape(f'  {found.subject}') if found.subject else ''}\n"
        f"applied   {applied.when:%Y-%m-%d %H:%M:%S} UTC by {escape(applied.who)}, with mlinfra {applied.mlinfra}\n"
        f"state     {_STATES[found.state]}\n"
        f"checkout  {_checkout(found)}"
    )


@provenance.command("commit")
def of_commit(
    commit: Annotated[str, typer.Argument(help="A commit, branch or tag.", metavar="COMMIT")],
    stacks: StackPatterns = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show for each stack whether the infrastructure of a commit is applied."""
    from mlinfra.cli.presentation import print_json, print_skipped, print_table, progress, table
    from mlinfra.operations.deploy import commit_provenance
    from mlinfra.operations.terraform import project_root

    found = commit_provenance(commit, project_root(), progress(), patterns=stacks or [])
    print_skipped(found.skipped_environments)
    if as_json:
        print_json(found)
        return
    shown = table("Stack", f"Compared with {found.commit[:12]}", "Applied commit", "Applied at (UTC)")
    for each in found.stacks:
        when = f"{each.applied.when:%Y-%m-%d %H:%M}" if each.applied else ""
        changed = "; [yellow]the state changed since[/]" if each.state == "changed" else ""
        shown.add_row(
            each.stack, f"{_MATCHES[each.match]}{changed}", _commit(each.applied) if each.applied else "", when
        )
    print_table(shown)


def _commit(applied: AppliedCommit) -> str:
    commit = applied.commit[:12] if applied.commit else "no commit"
    return f"{commit} [yellow]with uncommitted changes[/]" if applied.dirty else commit


def _checkout(found: StackProvenance) -> str:
    if found.head is None:
        return "no commit is checked out"
    if found.distance is None:
        return f"{found.head[:12]}; the applied commit is not in this clone: git fetch"
    ahead, behind = found.distance.ahead, found.distance.behind
    if not ahead and not behind:
        return f"{found.head[:12]}, the same commit"
    return f"{found.head[:12]}, {ahead} ahead and {behind} behind"
