"""The report of a review on a terminal."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.text import Text

    from mlinfra.operations.review import Finding, Report, ResourceChange, StackReview

_MOST = 100
"""Maximum number of lines of one list on a terminal."""
_MOST_OF_RULE = 5
"""Maximum number of warnings, and of notes, of one rule on a terminal."""
_MOST_NEW = 10
"""Maximum number of new resources of a stack that are listed one by one. More are counted by type."""
_MOST_ATTRIBUTES = 10
_LONG = 100
"""Maximum number of characters of a value of an attribute on a terminal."""


def show_review(report: Report, console: Console) -> None:
    """Write the report to a console."""
    from rich.text import Text

    from mlinfra.operations.review import Level, cost_line, headline

    for each in [line for stack in report.stacks for line in stack.subjects][:_MOST]:
        console.print(_text(each))
    for title, style, found in (("Needs approval", "bold red", report.held), ("Approved", "green", report.approved)):
        if found:
            console.print(Text(f"\n{title}", style=style))
            _show_held(found, console, style)
    for title, style, level in (("Warnings", "yellow", Level.WARNING), ("Notes", "cyan", Level.NOTE)):
        if of_level := report.of_level(level):
            console.print(Text(f"\n{title}", style=style))
            _show_by_rule(of_level, console, style)
    for stack in report.stacks:
        _show_stack(stack, console)
    total = report.cost.total
    if total.before_high or total.after_high:
        console.print(Text(f"\n{cost_line(total)}"))
    console.print(Text(f"\n{headline(report)}", style="bold red" if report.held else "bold green"))


def _show_stack(stack: StackReview, console: Console) -> None:
    from rich.text import Text

    from mlinfra.operations.review import action_text, usd, visible

    console.print(Text(f"\n{visible(stack.stack)}", style="bold"))
    new = Counter(each.type for each in stack.changes if each.is_new)
    listed = stack.changes
    if new.total() > _MOST_NEW:
        counts = ", ".join(f"{count} {visible(type_)}" for type_, count in sorted(new.items()))
        console.print(Text(f"  create {new.total():,}: {counts} (addresses: see --json)"))
        listed = tuple(each for each in listed if not each.is_new)
    for each in listed[:_MOST]:
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
    _show_omitted(listed, console)
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


def _show_held(found: Sequence[Finding], console: Console, style: str) -> None:
    """Findings that need an approval or have one, each with its digest."""
    from rich.text import Text

    from mlinfra.operations.review import visible

    for each in found[:_MOST]:
        console.print(Text("  ").append(f"{each.id} {each.digest} ", style=style).append_text(_finding(each)))
        console.print(Text(f"    {each.fix.replace('`', '')}", style="dim"))
        if each.approved_by:
            console.print(Text(f"    approved by {visible(each.approved_by)}", style="green"))
    _show_omitted(found, console)


def _show_by_rule(found: Sequence[Finding], console: Console, style: str) -> None:
    """Warnings or notes, grouped by rule, so that its fix is shown once."""
    from rich.text import Text

    from mlinfra.operations.review import by_rule

    for id_, fix, of_rule in by_rule(found):
        console.print(Text("  ").append(id_, style=style).append(f" {fix.replace('`', '')}", style="dim"))
        for each in of_rule[:_MOST_OF_RULE]:
            console.print(Text("    ").append_text(_finding(each)))
        if len(of_rule) > _MOST_OF_RULE:
            console.print(f"    {len(of_rule) - _MOST_OF_RULE:,} more: see --json", style="dim", highlight=False)


def _finding(finding: Finding) -> Text:
    from rich.text import Text

    from mlinfra.operations.review import visible

    line = Text().append(f"{visible(finding.stack)} ", style="dim").append(visible(finding.address), style="bold")
    return line.append(": ").append_text(_text(finding.text))


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
