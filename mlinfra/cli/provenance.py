"""`mlinfra which` and `mlinfra where` on a terminal."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mlinfra.cli.presentation import StepsOnConsole
from mlinfra.operations.deploy import commit_provenance, stack_provenance
from mlinfra.operations.terraform import project_root

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra.operations.deploy import AppliedCommit, Origin

_WIDE = 140
_MATCHES = {
    "commit": "[green]this commit[/]",
    "bytes": "[green]the same infrastructure[/]",
    "other": "[yellow]another[/]",
    "unknown": "[yellow]not recorded[/]",
}


def show_which(stack: str, *, as_json: bool) -> None:
    """Say which commit made `stack`."""
    console = Console(soft_wrap=True)
    origin = stack_provenance(stack, project_root())
    if as_json:
        print(_json(origin))  # noqa: T201  for programs
        return
    applied = origin.applied
    console.print(
        f"[bold]{stack}[/] is {_commit(applied)}{escape(f'  {origin.subject}') if origin.subject else ''}\n"
        f"applied   {applied.when:%Y-%m-%d %H:%M:%S} UTC by {escape(applied.who)}, with mlinfra {applied.mlinfra}\n"
        f"here      {_here(origin)}",
        highlight=False,
    )


def show_where(commit: str, patterns: Sequence[str], *, as_json: bool) -> None:
    """Say for each stack whether the infrastructure of `commit` is what is applied."""
    quiet = Console(stderr=True, soft_wrap=True)
    found = commit_provenance(commit, project_root(), StepsOnConsole(quiet), patterns=patterns)
    if as_json:
        print(_json(found))  # noqa: T201  for programs
        return
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    for column in ("Stack", f"Is it {found.commit[:12]}?", "Applied", "When"):
        table.add_column(column)
    for each in found.stacks:
        when = f"{each.applied.when:%Y-%m-%d %H:%M}" if each.applied else ""
        table.add_row(each.stack, _MATCHES[each.match], _commit(each.applied) if each.applied else "", when)
    Console(width=None if sys.stdout.isatty() else _WIDE).print(table)
    if found.environments_left_out:
        left = ", ".join(found.environments_left_out)
        quiet.print(f"Not asked, their accounts are others: {left}", style="dim", highlight=False)


def _commit(applied: AppliedCommit) -> str:
    commit = applied.commit[:12] if applied.commit else "no commit"
    return f"{commit} [yellow]with uncommitted changes[/]" if applied.dirty else commit


def _here(origin: Origin) -> str:
    if origin.head is None:
        return "no commit is checked out"
    if origin.distance is None:
        return f"{origin.head[:12]}; this clone does not have the applied commit: git fetch"
    ahead, behind = origin.distance.ahead, origin.distance.behind
    if not ahead and not behind:
        return f"{origin.head[:12]}, the same"
    return f"{origin.head[:12]}, {ahead} ahead and {behind} behind"


def _json(value: Any) -> str:  # noqa: ANN401  any dataclass
    return json.dumps(asdict(value), indent=2, default=str)
