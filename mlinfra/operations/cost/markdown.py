"""Estimates and comparisons as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.operations.cost.words import named, remarks, signed, usd_range

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mlinfra.operations.cost.comparing import Comparison
    from mlinfra.operations.cost.estimate import Estimate, Key

_MOST_LINES = 20


def to_markdown(estimate: Estimate, *keys: Key) -> str:
    """The estimate as Markdown: the sums by `keys`, the most expensive parts, and parts without a price."""
    return "\n".join(_estimate(estimate, keys)) + "\n"


def comparison_to_markdown(comparison: Comparison, *keys: Key) -> str:
    """The difference between two estimates as Markdown, by `keys`."""
    return "\n".join(_comparison(comparison, keys)) + "\n"


def _estimate(estimate: Estimate, keys: tuple[Key, ...]) -> Iterator[str]:
    total = estimate.total
    yield f"**Cost: {usd_range(total.usd_per_month_low, total.usd_per_month_high)} USD a month**"
    yield ""
    yield from _table(
        (_title(keys), "USD a month", "USD an hour"),
        (
            (
                named(each.name),
                usd_range(each.usd_per_month_low, each.usd_per_month_high),
                usd_range(each.usd_per_hour_low, each.usd_per_hour_high),
            )
            for each in estimate.by(*keys)
        ),
    )
    lines = sorted(estimate.lines, key=lambda each: -each.usd_per_month_high)[:_MOST_LINES]
    if lines:
        yield ""
        yield f"<details><summary>The {len(lines)} most expensive parts</summary>"
        yield ""
        yield from _table(
            ("Resource", "Part", "USD a month", "Formula", "Assumption"),
            (
                (
                    f"{each.stack}: {each.address}",
                    each.item,
                    usd_range(each.usd_per_month_low, each.usd_per_month_high),
                    each.formula,
                    each.assumption,
                )
                for each in lines
            ),
        )
        yield ""
        yield "</details>"
    if estimate.unpriced:
        yield ""
        yield from _table(
            ("Without a known price", "Reason"),
            ((f"{each.stack}: {each.address}", each.reason) for each in estimate.unpriced),
        )
    yield ""
    yield " ".join(remarks(estimate))


def _comparison(comparison: Comparison, keys: tuple[Key, ...]) -> Iterator[str]:
    total = comparison.total
    before, after = (
        usd_range(low, high)
        for low, high in ((total.before_low, total.before_high), (total.after_low, total.after_high))
    )
    yield f"**Cost: {before} -> {after} USD a month** ({signed(total.high)} at the high end)"
    changes = comparison.by(*keys)
    if changes:
        yield ""
        yield from _table(
            (_title(keys), "Before", "After", "Difference"),
            (
                (
                    named(each.name),
                    usd_range(each.before_low, each.before_high),
                    usd_range(each.after_low, each.after_high),
                    signed(each.high),
                )
                for each in changes
            ),
        )
    yield ""
    yield " ".join(remarks(comparison.after))


def _title(keys: tuple[Key, ...]) -> str:
    return " / ".join(each.value.replace("_", " ").capitalize() for each in keys)


def _table(titles: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(titles)} |"
    yield f"|{'|'.join(' --- ' for _ in titles)}|"
    for row in rows:
        yield f"| {' | '.join(map(_cell, row))} |"


def _cell(text: str) -> str:
    """The text for a cell, without the characters that Markdown and HTML interpret."""
    for character in "\\`*_[]<>|":
        text = text.replace(character, f"\\{character}" if character not in "<>" else f"&#{ord(character)};")
    return " ".join(text.split())
