"""Parts of the cost of a resource: quantity times price, with the formula in words."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

from mlinfra.declarations import Missing, Price
from mlinfra.operations.cost.estimate import HOURS_A_MONTH

if TYPE_CHECKING:
    from collections.abc import Sequence


class Span(NamedTuple):
    """A range of a quantity."""

    low: float
    high: float

    def __str__(self) -> str:
        """The range in words, such as `0 to 2`."""
        low, high = (f"{round(each, 2):,.10g}" for each in self)
        return low if low == high else f"{low} to {high}"


ALL_MONTH: Final = Span(HOURS_A_MONTH, HOURS_A_MONTH)
ONE: Final = Span(1, 1)


@dataclass(frozen=True)
class Part:
    """The cost of one part of a resource in a month, in USD."""

    item: str
    """The billed part, such as `root volumes`."""
    month: Span
    hour: Span
    """USD per hour while it runs."""
    formula: str
    prices: tuple[Price, ...]
    assumption: str = ""
    quantity: float = 0.0
    unit: str = ""
    commitment: str = ""


Found: TypeAlias = Part | Missing
"""The result of a formula: a part of the cost, or the reason why one is unknown."""


def hourly(
    item: str,
    price: Price | Missing,
    *,
    count: Span = ONE,
    hours: Span = ALL_MONTH,
    high: Price | Missing | None = None,
    unit: str = "hours",
    assumption: str = "",
    commitment: str = "",
) -> Found:
    """The cost of things that are billed by the hour.

    Args:
        item: the billed part.
        price: the price of one for an hour; of a range, the low end.
        count: the number of them. Default: one.
        hours: the hours of the month in which they run. Default: all 730.
        high: the high end of the price. Default: `price`.
        unit: the billed unit. Default: hours.
        assumption: the assumptions. Default: none.
        commitment: the way of purchase. Default: there is no choice.
    """
    high = price if high is None else high
    for each in (price, high):
        if isinstance(each, Missing):
            return each
    assert isinstance(price, Price)  # noqa: S101  checked above
    assert isinstance(high, Price)  # noqa: S101  checked above
    usd = Span(price.usd, high.usd)
    hour = Span(usd.low * count.low, usd.high * count.high)
    formula = f"{count} x {amount(usd)} USD per hour x {hours} hours"
    return Part(
        item,
        Span(hour.low * hours.low, hour.high * hours.high),
        hour,
        formula,
        distinct((price, high)),
        joined(assumption, *(each.note for each in (price, high))),
        count.high * hours.high,
        unit,
        commitment,
    )


def monthly(
    item: str,
    price: Price | Missing,
    quantity: Span | float,
    unit: str,
    *,
    per: float = 1,
    hours: Span = ALL_MONTH,
    high: Price | None = None,
    assumption: str = "",
) -> Found:
    """The cost of a quantity that is billed by the month, such as GB-months or requests.

    Args:
        item: the billed part.
        price: the price of `per` units; of a range, the low end.
        quantity: the units in a whole month.
        unit: the unit, in the plural.
        per: the number of units that the price is for. Default: 1.
        hours: the hours of the month in which it is there, of 730. Default: all.
        high: the high end of the price. Default: `price`.
        assumption: the assumptions. Default: none.
    """
    if isinstance(price, Missing):
        return price
    quantity = quantity if isinstance(quantity, Span) else Span(quantity, quantity)
    dear = high or price
    shares = Span(hours.low / HOURS_A_MONTH, hours.high / HOURS_A_MONTH)
    month = Span(quantity.low * shares.low * price.usd / per, quantity.high * shares.high * dear.usd / per)
    hour = Span(*(each * cost.usd / per / HOURS_A_MONTH for each, cost in zip(quantity, (price, dear), strict=True)))
    formula = f"{quantity} {unit} x {amount(Span(price.usd, dear.usd))} USD"
    if per != 1:
        formula += f" per {per:,.0f}"
    if hours != ALL_MONTH:
        formula += f" x {hours} of {HOURS_A_MONTH} hours"
    return Part(
        item,
        month,
        hour,
        formula,
        distinct((price, dear)),
        joined(assumption, price.note, dear.note),
        quantity.high * shares.high / per,
        unit if per == 1 else f"{per:,.0f} {unit}",
    )


def tiered(
    item: str, tiers: Sequence[tuple[float, Price | Missing]], quantity: float, unit: str, *, assumption: str = ""
) -> Found:
    """The cost of a quantity with a lower price from certain quantities on.

    Args:
        item: the billed part.
        tiers: the upper limit of each tier, and its price.
        quantity: the units in a month.
        unit: the unit, in the plural.
        assumption: the assumptions. Default: none.
    """
    total, left, begin = 0.0, quantity, 0.0
    words: list[str] = []
    used: list[Price] = []
    for end, price in tiers:
        if isinstance(price, Missing):
            return price
        taken = min(left, end - begin)
        if taken > 0 or not used:
            total += taken * price.usd
            words.append(f"{taken:,.10g} {unit} x {amount(Span(price.usd, price.usd))} USD")
            used.append(price)
        left, begin = left - taken, end
        if left <= 0:
            break
    month = Span(total, total)
    hour = Span(total / HOURS_A_MONTH, total / HOURS_A_MONTH)
    return Part(
        item,
        month,
        hour,
        " + ".join(words),
        distinct(used),
        joined(assumption, *(each.note for each in used)),
        quantity,
        unit,
    )


def amount(usd: Span) -> str:
    """A price in words, with the digits that matter."""
    low, high = (f"{each:.10f}".rstrip("0").rstrip(".") if each else "0" for each in usd)
    return low if low == high else f"{low} to {high}"


def joined(*texts: str) -> str:
    """The texts that are not empty, without repetition, as one."""
    return "; ".join(dict.fromkeys(each for each in texts if each))


def distinct(prices: Sequence[Price]) -> tuple[Price, ...]:
    """The prices without repetition."""
    return tuple(dict.fromkeys(prices))


def whole(value: float) -> int:
    """The next whole number, with some tolerance for binary fractions."""
    return math.ceil(value - 1e-9)
