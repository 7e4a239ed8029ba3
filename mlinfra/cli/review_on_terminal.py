"""The report of a review on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.text import Text

    from mlinfra.operations.review import Finding, Report, ResourceChange, StackReview

_MOST = 100
"""Maximum number of lines of one list on a terminal."""
_MOST_ATTRIBUTES = 10
_LONG = 100
"""Maximum number of characters of a value of an attribute on a terminal."""


def show_review(report: Report, console: Console) -> None:
    """Write the report to a console."""
    from rich.text import Text

    from mlinfra.operations.review import Level, headline

    for each in [line for stack in report.stacks for line in stack.subjects][:_MOST]:
        console.print(_text(each))
    for stack in report.stacks:
        _show_stack(stack, console)
    for title, style, found in (
        ("Needs approval", "bold red", report.held),
        ("Approved", "green", report.approved),
        ("Warnings", "yellow", report.of_level(Level.WARNING)),
        ("Notes", "cyan", report.of_level(Level.NOTE)),
    ):
        if found:
            console.print(Text(f"\n{title}", style=style))
            _show_findings(found, console, style)
    console.print(Text(f"\n{headline(report)}", style="bold red" if report.held else "bold green"))


def _show_stack(stack: StackReview, console: Console) -> None:
    from rich.text import Text

    from mlinfra.operations.review import action_text, usd, visible

    console.print(Text(f"\n{visible(stack.stack)}", style="bold"))
    for each in stack.changes[:_MOST]:
        line = Text(f"  {action_text(each)}: ").append(visible(each.address), style="bold")
        if each.forced_by:
            line.append(f"  forced by {', '.join(map(visible, each.forced_by))}", style="yellow")
        if each.reason:
            line.append(f"  {each.reason}", style="dim")
        if each.moved_from:
            line.append(f"  moved from {visible(each.moved_from)}", style="dim")
        if each.imports:
            line.append(f"  imported as {visible(each.imports)}", style="dim")
        console.print(line)
        _show_attributes(each, console)
    _show_omitted(stack.changes, console)
    cost = stack.cost
    console.print(Text(f"  cost per month: {usd(cost.before)} → {usd(cost.after)} ({usd(cost.difference, sign=True)})"))
    for address, reason in cost.unknown[:_MOST]:
        console.print(Text(f"  cost unknown: {visible(address)}: {visible(reason)}", style="dim"))
    _show_omitted(cost.unknown, console)


def _show_attributes(change: ResourceChange, console: Console) -> None:
    """The changed attributes of a resource that exists. Those of a new one are in the other formats."""
    from rich.text import Text

    from mlinfra.operations.review import visible

    if change.kind.value == "create":
        return
    for each in change.attributes[:_MOST_ATTRIBUTES]:
        before, after = (_short(visible(text)) for text in (each.before, each.after))
        console.print(Text(f"      {visible(each.name)}: {before} → {after}", style="dim"))
    if len(change.attributes) > _MOST_ATTRIBUTES:
        more = len(change.attributes) - _MOST_ATTRIBUTES
        console.print(f"      {more} more: see --json", style="dim", highlight=False)


def _short(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"


def _show_findings(found: Sequence[Finding], console: Console, style: str) -> None:
    from rich.text import Text

    from mlinfra.operations.review import Level, visible

    for each in found[:_MOST]:
        name = f"{each.id} {each.digest}" if each.level is Level.HOLD else each.id
        line = Text("  ").append(name, style=style).append(f" {visible(each.stack)} ", style="dim")
        console.print(line.append(visible(each.address), style="bold").append(": ").append_text(_text(each.text)))
        console.print(Text(f"    {each.fix.replace('`', '')}", style="dim"))
        if each.approved_by:
            console.print(Text(f"    approved by {visible(each.approved_by)}", style="green"))
    _show_omitted(found, console)


def _show_omitted(values: Sequence[object], console: Console) -> None:
    if len(values) > _MOST:
        console.print(f"  {len(values) - _MOST:,} more: see --json", style="dim", highlight=False)


def _text(text: str) -> Text:
    from rich.text import Text

    from mlinfra.operations.review import parts, visible

    line = Text()
    for piece, is_quoted in parts(text):
        line.append(visible(piece), style="italic" if is_quoted else "")
    return line
