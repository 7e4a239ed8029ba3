"""A report as Markdown, for a comment on a merge request of GitLab or GitHub.

GitHub takes comments of 65,536 characters: long lists are cut, what is held last, and what was cut is counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlinfra.operations.review.change import Kind
from mlinfra.operations.review.finding import Level
from mlinfra.operations.review.wording import code_in_markdown, counted, html_text, prose_in_markdown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlinfra.operations.review.costs import Usd
    from mlinfra.operations.review.finding import Finding
    from mlinfra.operations.review.report import Report, StackReview, Touched

LIMIT: Final = 64_000
"""Characters; a little less than GitHub takes."""
_MOST: Final = (200, 60, 20, 5)
"""How many lines of one list are shown, from generous to what always fits."""


def to_markdown(report: Report) -> str:
    """The report, as long as a comment may be."""
    for most in _MOST:
        text = "\n".join(_lines(report, most)) + "\n"
        if len(text) <= LIMIT:
            return text
    marker = "\n\n**This report is longer than a comment may be, and is cut here. Read it with `--format json`.**\n"
    return text[: text.rfind("\n", 0, LIMIT - len(marker))] + marker


def headline(report: Report) -> str:
    """What the review comes to, in a few words."""
    held, approved = len(report.held), len(report.approved)
    said = f"{counted(held, 'finding')} to approve" if held else "nothing to hold"
    return f"{said}, {approved:,} approved" if approved else said


def usd(sum_: Usd, *, sign: bool = False) -> str:
    """A monthly sum in words; where the groups can grow, up to what."""
    form = "+,.0f" if sign else ",.0f"
    usual, most = (format(round(each) or 0, form) for each in sum_)
    return f"{usual} USD" if usual == most else f"{usual} USD, at most {most} USD"


def _lines(report: Report, most: int) -> Iterator[str]:
    yield f"# Plan review: {headline(report)}"
    yield ""
    yield from _overview(report, most)
    held, approved = report.held, report.approved
    if held:
        yield from ("", "## To approve", "")
        yield from _findings(held, most, fix=True)
    if approved:
        yield from ("", "## Approved", "")
        yield from _findings(approved, most, fix=False)
    for level, title in ((Level.WARNING, "Warnings"), (Level.NOTE, "Notes")):
        found = report.of_level(level)
        if found:
            yield from ("", f"<details><summary>{title}: {len(found):,}</summary>", "")
            yield from _findings(found, most, fix=level is Level.WARNING)
            yield from ("", "</details>")
    for stack in report.stacks:
        yield from _stack(stack, most)


def _overview(report: Report, most: int) -> Iterator[str]:
    headings = "created | changed | replaced | destroyed | forgotten | imported | moved | cost a month | difference"
    yield f"| stack | {headings} |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    for stack in report.stacks[:most]:
        numbers = (
            stack.count(Kind.CREATE),
            stack.count(Kind.UPDATE),
            stack.count(Kind.REPLACE, Kind.REPLACE_CREATE_FIRST),
            stack.count(Kind.DESTROY),
            stack.count(Kind.FORGET),
            stack.imported,
            stack.moved,
        )
        counts = " | ".join(f"{each:,}" for each in numbers)
        unknown = f" and {len(stack.cost.unknown):,} unknown" if stack.cost.unknown else ""
        cost = f"{usd(stack.cost.before)} → {usd(stack.cost.after)}{unknown}"
        difference = f"{usd(stack.cost.difference, sign=True)}{unknown}"
        yield f"| {code_in_markdown(stack.stack)} | {counts} | {cost} | {difference} |"
    yield from _left(report.stacks, most)


def _findings(found: Sequence[Finding], most: int, *, fix: bool) -> Iterator[str]:
    for each in found[:most]:
        where = code_in_markdown(each.address)
        stack = f" in {code_in_markdown(each.stack)}" if each.stack and each.stack != each.address else ""
        yield f"- **{each.id}** {where}{stack}: {prose_in_markdown(each.text)}"
        if fix:
            yield f"  <br>{prose_in_markdown(each.fix)}"
        if each.approved_by:
            yield f"  <br>Approved by {code_in_markdown(each.approved_by)}"
    yield from _left(found, most)


def _stack(stack: StackReview, most: int) -> Iterator[str]:
    touched = [each for each in stack.touched if each.kind is not Kind.READ]
    summary = f"{html_text(stack.stack)}: {counted(len(touched), 'change')}"
    yield from ("", f"<details><summary>{summary}</summary>", "")
    if touched:
        yield from ("| what | address | why |", "|---|---|---|")
        for each in touched[:most]:
            yield f"| {what(each)} | {code_in_markdown(each.address)} | {_why(each)} |"
        yield from _left(touched, most)
    if stack.cost.unknown:
        yield from ("", "No price is known of:", "")
        for address, reason in stack.cost.unknown[:most]:
            yield f"- {code_in_markdown(address)}: {prose_in_markdown(reason)}"
        yield from _left(stack.cost.unknown, most)
    yield from ("", "</details>")


def what(touched: Touched) -> str:
    """What happens to a resource, in words of ours."""
    words = [] if touched.kind is Kind.NOTHING else [touched.kind.value]
    if touched.imports is not None:
        words.insert(0, "import")
    if touched.moved_from is not None:
        words.insert(0, "move")
    if touched.deposed is not None:
        words.append("(left by an interrupted replacement)")
    return ", ".join(words)


def _why(touched: Touched) -> str:
    parts = []
    if touched.forced_by:
        parts.append("forced by " + ", ".join(map(code_in_markdown, touched.forced_by)))
    if touched.reason:
        parts.append(touched.reason)
    if touched.moved_from is not None:
        parts.append(f"was {code_in_markdown(touched.moved_from)}")
    if touched.imports is not None:
        parts.append(f"imported as {code_in_markdown(touched.imports)}")
    return "; ".join(parts)


def _left(values: Sequence[object], most: int) -> Iterator[str]:
    if len(values) > most:
        yield from ("", f"**And {len(values) - most:,} more, which `--format json` shows.**")
