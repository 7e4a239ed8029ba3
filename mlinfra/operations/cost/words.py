"""Costs in words: amounts, ranges, and remarks about an estimate."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.operations.cost.estimate import Estimate

NO_NAME = "(none)"
"""The name of the resources without a value of a key, such as those without an experiment."""
_CENTS_BELOW = 100
_LEAST_SHOWN = 0.005


def usd(amount: float) -> str:
    """An amount without the unit: with cents below 100, such as `32.85` and `17,308`."""
    if 0 < amount < _LEAST_SHOWN:
        return "<0.01"
    return f"{amount:,.2f}" if 0 < abs(amount) < _CENTS_BELOW else f"{amount:,.0f}"


def usd_range(low: float, high: float) -> str:
    """A range without the unit, such as `8,325 to 17,308`."""
    first, last = usd(low), usd(high)
    return first if first == last else f"{first} to {last}"


def signed(amount: float) -> str:
    """A difference without the unit, such as `+1,200`."""
    return f"+{usd(amount)}" if amount > 0 else usd(amount)


def named(name: str) -> str:
    """The name of a sum, in which `(none)` replaces empty values."""
    return "/".join(each or NO_NAME for each in name.split("/"))


def remarks(estimate: Estimate) -> Iterator[str]:
    """Remarks about an estimate: unpriced resources, free ones, old prices, and the meaning of a range."""
    total = estimate.total
    if usd(total.usd_per_month_low) != usd(total.usd_per_month_high):
        yield (
            "A range is from the low end (minimum capacity, lowest spot price, hours outside of quiet hours) to the "
            "high end (maximum capacity, highest spot price, all hours until expiry)."
        )
    count = len(estimate.unpriced)
    if count:
        yield f"Not included: {count} {'part' if count == 1 else 'parts'} without a known price."
    if estimate.old:
        yield (
            f"{len(estimate.old)} {'price is' if len(estimate.old) == 1 else 'prices are'} older than the environment "
            f"allows (price_max_age_days). Update them: mlinfra catalog refresh."
        )
    yield (
        f"USD for the next 730 hours, without tax, support, free tiers and data transfer to the internet. "
        f"{estimate.free} resources are free."
    )
