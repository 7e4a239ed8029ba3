"""The table of clusters on a terminal, and as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table

from mlinfra.declarations import load_environments
from mlinfra.errors import OperationError
from mlinfra.operations.aws import reachable
from mlinfra.operations.clusters import list_clusters
from mlinfra.operations.terraform import project_root

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra.operations.clusters import Cluster

_UNKNOWN = "unknown"
_NOTHING = "-"
_WIDTH = 140


def show_clusters(names: Sequence[str], *, as_json: bool) -> None:
    """Show the clusters of the environments called `names`, or of all whose account can be asked.

    Raises:
        OperationError: where none can be asked, or one that was asked for by name cannot.
    """
    declared = load_environments(project_root(), judged=False)
    unknown = set(names) - {each.name for each in declared}
    if unknown:
        message = (
            f"There is no environment {', '.join(sorted(unknown))}. Declared: {', '.join(e.name for e in declared)}."
        )
        raise OperationError(message)
    found: list[Cluster] = []
    refused: list[str] = []
    asked = [each for each in declared if each.name in names] if names else reachable(declared)
    for environment in asked:
        try:
            found += list_clusters(environment)
        except OperationError as reason:
            if len(asked) == 1 or names:
                raise
            refused.append(f"{environment.name}: {reason}")
    if not names and (elsewhere := ", ".join(each.name for each in declared if each not in asked)):
        refused.append(f"{elsewhere}: their accounts are others")
    if as_json:
        typer.echo(json.dumps([_facts(each) for each in found], indent=2))
    else:
        console = Console(soft_wrap=True)
        console.width = max(console.width, _WIDTH)
        console.print(_table(found) if found else "There are no clusters.")
        for line in _remarks(found):
            console.print(line, highlight=False)
    for line in refused:
        typer.echo(f"Not asked: {line}", err=True)


def last_day(end: datetime) -> str:
    """The last day before `end`, in UTC, as 2026-12-18."""
    return (end.astimezone(timezone.utc) - timedelta(days=1)).date().isoformat()


def _table(found: Sequence[Cluster]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for heading in ("Cluster", "Owner", "State", "Nodes", "Type"):
        table.add_column(heading, no_wrap=True)
    for heading in ("Age", "Idle min", "USD/h", "USD so far", "Limit"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Expires", no_wrap=True)
    for each in found:
        table.add_row(
            each.name,
            each.owner or "nobody",
            each.state,
            f"{each.nodes}/{each.wanted}",
            ", ".join(each.instance_types) or _NOTHING,
            _age(each.since),
            _idle(each),
            _usd(each.usd_per_hour),
            _usd(each.usd_so_far),
            f"{each.spend_limit_usd:.0f}" if each.spend_limit_usd else _NOTHING,
            (last_day(each.expires) if each.expires else "never") + (" (extended)" if each.extended else ""),
        )
    return table


def _remarks(found: Sequence[Cluster]) -> list[str]:
    lines = []
    for each in found:
        if each.nodes:
            lines.append(f"{each.name}: {each.work.value}, {each.work_reason}")
        if not each.declared:
            lines.append(f"{each.name}: no experiment declares it; the next deploy of its stack removes it")
        lines += [f"{each.name}: {problem}" for problem in each.problems]
    return lines


def _idle(cluster: Cluster) -> str:
    if not cluster.nodes:
        return _NOTHING
    return _UNKNOWN if cluster.idle_minutes is None else str(cluster.idle_minutes)


def _usd(usd: float | None) -> str:
    return _UNKNOWN if usd is None else f"{usd:.2f}"


def _age(since: datetime | None) -> str:
    if since is None:
        return _NOTHING
    hours, minutes = divmod(int((datetime.now(timezone.utc) - since) / timedelta(minutes=1)), 60)
    days, hours = divmod(hours, 24)
    return f"{days}d {hours}h" if days else f"{hours}h {minutes:02}m"


def _facts(cluster: Cluster) -> dict[str, Any]:
    facts = asdict(cluster)
    return facts | {
        "work": cluster.work.value,
        "since": cluster.since.isoformat() if cluster.since else None,
        "expires": last_day(cluster.expires) if cluster.expires else None,
    }
