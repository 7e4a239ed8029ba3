"""The report of `mlinfra audit` on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from mlinfra.cli.presentation import output_console, table
from mlinfra.operations.audit import headline, totals

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import Console

    from mlinfra.operations.audit import Audit, Classification, Item

_STYLES: dict[Classification, str] = {
    "unmanaged": "red",
    "orphaned": "yellow",
    "managed-elsewhere": "cyan",
    "managed": "green",
}
_COLUMNS = ("USD/month", "so far", "Region", "Resource", "Age", "Status", "Owner")
_LONGEST = 34
_DETAILED = 5
"""The number of resources whose evidence and problems are shown."""
_PROBLEMS = 3


def show_audit(audit: Audit, rows: int, *, only_new: bool) -> None:
    """Print the cost by classification, the dearest resources, and the facts about the unmanaged ones.

    Args:
        audit: the audit.
        rows: the number of resources in the table; 0: all.
        only_new: True to show only resources that are new and need attention.
    """
    console = output_console()
    console.print(f"[bold]{escape(headline(audit))}[/]")
    for classification, usd, text in totals(audit):
        console.print(f"  [{_STYLES[classification]}]{classification:<18}[/]{usd:>14,.0f} USD  [dim]{escape(text)}[/]")
    items = [each for each in audit.items if each.is_new and each.is_attention_needed] if only_new else audit.items
    shown = items[:rows] if rows else items
    console.print()
    if only_new and not items:
        console.print("Nothing is new since the last audit.")
    if shown:
        _show_table(shown, audit.as_of)
    if len(items) > len(shown):
        rest = sum(each.usd_per_month or 0 for each in items[len(shown) :])
        console.print(f"[dim]and {len(items) - len(shown)} cheaper resources, {rest:,.0f} USD a month: --rows 0[/]")
    _show_details([each for each in shown if each.classification in {"unmanaged", "orphaned"}], console)
    for key in audit.resolved:
        console.print(f"[green]resolved since the last audit: {escape(key)}[/]")
    for remark in audit.remarks:
        console.print(f"[yellow]! {escape(remark)}[/]")
    if any(each.classification == "unmanaged" for each in shown):
        console.print(
            "\n[dim]Next: `mlinfra audit --tag` proposes owners. `mlinfra audit ID --adopt ENV --owner EMAIL` brings "
            "resources under management. `--out audit.json` contains the formula of each cost.[/]"
        )


def _show_table(items: Sequence[Item], now: datetime) -> None:
    made = table(*_COLUMNS, right_aligned={"USD/month", "so far", "Age"})
    for each in items:
        status = ", ".join((each.classification, *each.conditions))
        made.add_row(
            _usd(each.usd_per_month),
            _usd(each.usd_so_far),
            each.region,
            escape(f"{_short(each.name)} ({_contents(each)})"),
            _age(each.launched, now),
            f"[{_STYLES[each.classification]}]{status}[/]",
            escape(_owner(each)),
        )
    console = output_console()
    # Wide enough for every cell: in a narrow terminal, lines wrap.
    console.width = max(console.width, made.__rich_measure__(console, console.options.update(max_width=500)).maximum)
    console.print(made)


def _show_details(items: Sequence[Item], console: Console) -> None:
    for each in items[:_DETAILED]:
        console.print(f"\n[bold]{escape(each.name)}[/]  [dim]{escape(each.key)}[/]")
        launched = f"{each.launched:%Y-%m-%d %H:%M} UTC" if each.launched else ""
        by = f" by {each.launched_by}" if each.launched_by else ""
        if launched or by:
            console.print(f"  launched {escape(launched)}{escape(by)}")
        if each.owner_evidence:
            console.print(f"  owner: {escape(_owner(each))}, from {escape(each.owner_evidence)}")
        if each.manager:
            console.print(f"  {escape(each.manager)}")
        for problem in each.problems[:_PROBLEMS]:
            console.print(f"  [yellow]![/] {escape(problem)}")
        if len(each.problems) > _PROBLEMS:
            console.print(f"  [dim]further problems: {len(each.problems) - _PROBLEMS}[/]")


def _owner(item: Item) -> str:
    if not item.owner:
        return "unknown"
    return item.owner if item.owner_is_certain else f"{item.owner}?"


def _short(name: str) -> str:
    plain = "".join(each if each.isprintable() else "?" for each in name)
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 3]}..."


def _contents(item: Item) -> str:
    """The number and type of the instances; without instances, the kind."""
    if not item.nodes:
        return item.kind
    types = item.instance_types[0] if len(item.instance_types) == 1 else f"{len(item.instance_types)} types"
    gpu = "" if item.gpu_utilization is None else f", GPU {item.gpu_utilization:.0f}%"
    return f"{item.nodes} x {types}{gpu}"


def _usd(value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"{value:,.0f}" if value >= 10 or value == 0 else f"{value:.2f}"  # noqa: PLR2004


def _age(launched: datetime | None, now: datetime) -> str:
    if launched is None:
        return "-"
    hours = int((now - launched).total_seconds() // 3600)
    return f"{hours // 24} d" if hours >= 24 else f"{max(0, hours)} h"  # noqa: PLR2004
