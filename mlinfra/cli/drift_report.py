"""The report on drift on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from mlinfra.operations.drift import IGNORE_FILE, what

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from mlinfra.operations.drift import Report, StackReport


def show_report(report: Report, console: Console) -> None:
    """Show all of it but what is left out, which is in Markdown and JSON."""
    for text, style in _lines(report):
        console.print(escape(text), style=style, highlight=False, soft_wrap=True)


def _lines(report: Report) -> Iterator[tuple[str, str]]:
    """Each line, and its style."""
    for stack in report.stacks:
        yield from _of_stack(stack)
    for gone in report.gone:
        yield f"gone since the last run, in {gone.stack}: {gone.label or 'one difference'}", "green"
    for entry, day in (report.expired or {}).items():
        yield f"! {IGNORE_FILE}: {entry} expired after {day}, and ignores nothing now", "yellow"
    yield report.summary, "bold"
    if any(not each.new for each in report.drift):
        yield "= is known from before, ~ is new", "dim"


def _of_stack(stack: StackReport) -> Iterator[tuple[str, str]]:
    if not (stack.problems or stack.differences or stack.pending):
        return
    yield stack.name, "bold"
    for problem in stack.problems:
        yield "  ✗ could not be looked at in full", "red"
        yield from ((f"    {line}", "") for line in problem.splitlines())
    for each in stack.with_standing("drift"):
        yield f"  {'~' if each.new else '='} {each.address}  {what(each)}", "yellow" if each.new else ""
        if each.who:
            yield f"      {each.who}", "dim"
    for each in (*stack.with_standing("left to others"), *stack.with_standing("ignored")):
        yield f"  · {each.address}  {what(each)}  ({each.standing}: {each.reason})", "dim"
    for waiting in stack.pending or ():
        yield f"  + {waiting.address}  in the code and not applied: {', '.join(waiting.actions)}", "cyan"
    yield "", ""
