"""The report of `mlinfra drift` on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from mlinfra.operations.drift import IGNORE_FILE, description, way_back

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from mlinfra.operations.drift import Report, StackReport


def show_report(report: Report, console: Console) -> None:
    """Print the report. Attributes that are left out are in Markdown and JSON only."""
    for text, style in _lines(report):
        console.print(escape(text), style=style, highlight=False, soft_wrap=True)


def _lines(report: Report) -> Iterator[tuple[str, str]]:
    """The lines of the report, each with its style."""
    for stack in report.stacks:
        yield from _of_stack(stack, report.environment)
    for resolved in report.resolved:
        yield f"resolved since the last run, in {resolved.stack}: {resolved.label or 'one difference'}", "green"
    for entry, day in (report.expired or {}).items():
        yield f"! {IGNORE_FILE}: the entry {entry} expired on {day}, and has no effect", "yellow"
    yield report.summary, "bold"
    if any(not each.new for each in report.drift):
        yield "~ new, = known from earlier runs", "dim"


def _of_stack(stack: StackReport, environment: str) -> Iterator[tuple[str, str]]:
    if not (stack.problems or stack.differences or stack.pending):
        return
    yield stack.name, "bold"
    for problem in stack.problems:
        yield "  ✗ check failed", "red"
        yield from ((f"    {line}", "") for line in problem.splitlines())
    for each in stack.with_status("drift"):
        yield f"  {'~' if each.new else '='} {each.address}  {description(each)}", "yellow" if each.new else ""
        if each.who:
            yield f"      {each.who}", "dim"
        yield f"      revert: {way_back(each, environment)}", "dim"
    for each in stack.with_status("not_managed"):
        yield f"  · {each.address}  {description(each)}  ({each.reason})", "dim"
    for each in stack.with_status("ignored"):
        yield f"  · {each.address}  {description(each)}  (ignored: {each.reason})", "dim"
    for waiting in stack.pending or ():
        yield f"  + {waiting.address}  in the code, but not applied: {', '.join(waiting.actions)}", "cyan"
    yield "", ""
