"""The report as Markdown, for a comment on a merge request of GitLab or GitHub.

GitHub limits comments to 65,536 characters. Longer lists are shortened, with the number of omitted lines.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlinfra.functions.counting import counted
from mlinfra.operations.cost import Key, signed, usd_range
from mlinfra.operations.review.change import Kind
from mlinfra.operations.review.escaping import code_in_markdown, html_text, prose_in_markdown
from mlinfra.operations.review.finding import Level
from mlinfra.operations.review.report import by_rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlinfra.operations.cost import Change as CostChange
    from mlinfra.operations.review.costs import Usd
    from mlinfra.operations.review.finding import Finding
    from mlinfra.operations.review.report import Report, ResourceChange, StackReview

LIMIT: Final = 64_000
"""Maximum number of characters, a little below the limit of GitHub."""
_MOST: Final = (200, 60, 20, 5)
"""Maximum numbers of lines of one list. They are tried in this order until the report fits."""


def to_markdown(report: Report) -> str:
    """Write the report, shortened to the length of a comment."""
    for most in _MOST:
        text = "\n".join(_lines(report, most)) + "\n"
        if len(text) <= LIMIT:
            return text
    marker = "\n\n**The report is longer than a comment may be, and ends here. `--format json` contains all of it.**\n"
    return text[: text.rfind("\n", 0, LIMIT - len(marker))] + marker


def headline(report: Report) -> str:
    """Summarize the result in a few words."""
    held, approved = len(report.held), len(report.approved)
    result = "no approval needed"
    if held:
        result = f"{counted(held, 'finding')} {'needs' if held == 1 else 'need'} approval"
    return f"{result}, {approved:,} approved" if approved else result


def usd(sum_: Usd, *, sign: bool = False) -> str:
    """A monthly amount, and the maximum if groups can grow."""
    form = "+,.0f" if sign else ",.0f"
    usual, most = (format(round(each) or 0, form) for each in sum_)
    return f"{usual} USD" if usual == most else f"{usual} USD (at maximum size: {most} USD)"


def _lines(report: Report, most: int) -> Iterator[str]:
    yield f"# Plan review: {headline(report)}"
    yield ""
    yield from _subjects(report, most)
    held, approved = report.held, report.approved
    if held:
        yield from ("", "## Needs approval", "")
        yield from _findings(held, most, fix=True)
    if approved:
        yield from ("", "## Approved", "")
        yield from _findings(approved, most, fix=False)
    yield from ("", "## Changes", "")
    yield from _overview(report, most)
    yield from _cost(report, most)
    for level, title in ((Level.WARNING, "Warnings"), (Level.NOTE, "Notes")):
        found = report.of_level(level)
        if found:
            yield from ("", f"<details><summary>{title}: {len(found):,}</summary>", "")
            yield from _grouped(found, most, fix=level is Level.WARNING)
            yield from ("", "</details>")
    for stack in report.stacks:
        yield from _stack(stack, most)


def _subjects(report: Report, most: int) -> Iterator[str]:
    """One line for each cluster, endpoint and bucket that changes."""
    lines = [each for stack in report.stacks for each in stack.subjects]
    for each in lines[:most]:
        yield f"- {prose_in_markdown(each)}"
    yield from _omitted(lines, most)


def _overview(report: Report, most: int) -> Iterator[str]:
    headings = "created | changed | replaced | destroyed | forgotten | imported | moved | cost per month | difference"
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
        unknown = f", plus {counted(len(stack.cost.unknown), 'unknown price')}" if stack.cost.unknown else ""
        cost = f"{usd(stack.cost.before)} → {usd(stack.cost.after)}{unknown}"
        difference = f"{usd(stack.cost.difference, sign=True)}{unknown}"
        yield f"| {code_in_markdown(stack.stack)} | {counts} | {cost} | {difference} |"
    yield from _omitted(report.stacks, most)


def _cost(report: Report, most: int) -> Iterator[str]:
    """The cost of all stacks before and after, and the difference by owner."""
    comparison = report.cost
    yield from ("", f"**{cost_line(comparison.total)}**")
    changes = comparison.by(Key.OWNER)
    if not changes:
        return
    yield from ("", "| owner | before | after | difference |", "|---|---:|---:|---:|")
    for each in changes[:most]:
        owner = code_in_markdown(each.name) if each.name else "no owner"
        before, after = usd_range(each.before_low, each.before_high), usd_range(each.after_low, each.after_high)
        yield f"| {owner} | {before} | {after} | {signed(each.high)} |"
    yield from _omitted(changes, most)


def cost_line(total: CostChange) -> str:
    """The cost before and after, such as `Cost: 1,234 -> 2,345 USD a month (+1,111)`."""
    before, after = usd_range(total.before_low, total.before_high), usd_range(total.after_low, total.after_high)
    difference = f" ({signed(total.high)})" if signed(total.high) != "0" else ""
    return f"Cost: {before} -> {after} USD a month{difference}"


def _fact(finding: Finding) -> str:
    """The address, the stack and the text of a finding."""
    stack = f" in {code_in_markdown(finding.stack)}" if finding.stack and finding.stack != finding.address else ""
    return f"{code_in_markdown(finding.address)}{stack}: {prose_in_markdown(finding.text)}"


def _findings(found: Sequence[Finding], most: int, *, fix: bool) -> Iterator[str]:
    """Findings that need an approval or have one, each with its digest."""
    for each in found[:most]:
        yield f"- **{each.id}** `{each.digest}` {_fact(each)}"
        if fix:
            yield f"  <br>{prose_in_markdown(each.fix)}"
        if each.approved_by:
            yield f"  <br>Approved by {code_in_markdown(each.approved_by)}"
    yield from _omitted(found, most)


def _grouped(found: Sequence[Finding], most: int, *, fix: bool) -> Iterator[str]:
    """Warnings and notes, grouped by rule, so that its fix is written once."""
    for id_, text, of_rule in by_rule(found):
        yield f"- **{id_}**{f' {prose_in_markdown(text)}' if fix else ''}"
        for each in of_rule[:most]:
            yield f"  - {_fact(each)}"
        if len(of_rule) > most:
            yield f"  - **{len(of_rule) - most:,} more: see `--format json`.**"


def _stack(stack: StackReview, most: int) -> Iterator[str]:
    changes = [each for each in stack.changes if each.kind is not Kind.READ]
    summary = f"{html_text(stack.stack)}: {counted(len(changes), 'change')}"
    yield from ("", f"<details><summary>{summary}</summary>", "")
    if changes:
        yield from ("| action | address | reason |", "|---|---|---|")
        for each in changes[:most]:
            yield f"| {action_text(each)} | {code_in_markdown(each.address)} | {_reason(each)} |"
        yield from _omitted(changes, most)
        yield from _attributes(changes[:most], most)
    if stack.cost.unknown:
        yield from ("", "Cost unknown:", "")
        for address, reason in stack.cost.unknown[:most]:
            yield f"- {code_in_markdown(address)}: {prose_in_markdown(reason)}"
        yield from _omitted(stack.cost.unknown, most)
    yield from ("", "</details>")


def _attributes(changes: Sequence[ResourceChange], most: int) -> Iterator[str]:
    """The changed attributes of each resource, folded."""
    for change in changes:
        if not change.attributes:
            continue
        count = counted(len(change.attributes), "attribute")
        yield from ("", f"<details><summary>{html_text(change.address)}: {count}</summary>", "")
        for each in change.attributes[:most]:
            before, after = code_in_markdown(each.before), code_in_markdown(each.after)
            was = "" if change.kind is Kind.CREATE else f"from {before} to "
            line = f"{code_in_markdown(each.name)}: {was}{after}"
            if each.is_long:
                value = f"from {html_text(each.before)} to {html_text(each.after)}" if was else html_text(each.after)
                line = f"<details><summary>{html_text(each.name)}</summary>{value}</details>"
            yield f"- {line}"
        yield from _omitted(change.attributes, most)
        yield from ("", "</details>")


def action_text(change: ResourceChange) -> str:
    """The planned actions for a resource, in words."""
    words = [] if change.kind is Kind.NOTHING else [change.kind.value]
    if change.imports is not None:
        words.insert(0, "import")
    if change.moved_from is not None:
        words.insert(0, "move")
    if change.deposed is not None:
        words.append("(deposed object of an interrupted replacement)")
    return ", ".join(words)


def _reason(change: ResourceChange) -> str:
    parts = []
    if change.forced_by:
        parts.append("forced by " + ", ".join(map(code_in_markdown, change.forced_by)))
    if change.reason:
        parts.append(change.reason)
    if change.moved_from is not None:
        parts.append(f"moved from {code_in_markdown(change.moved_from)}")
    if change.imports is not None:
        parts.append(f"imported as {code_in_markdown(change.imports)}")
    return "; ".join(parts)


def _omitted(values: Sequence[object], most: int) -> Iterator[str]:
    if len(values) > most:
        yield from ("", f"**{len(values) - most:,} more: see `--format json`.**")
