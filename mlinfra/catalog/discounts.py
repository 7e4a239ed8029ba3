"""Discounts on prices: factors, agreed prices, and Savings Plans."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mlinfra.catalog.prices import Rate


def discounted(rate: Rate, *, factor: float = 1.0, agreed_usd: float | None = None) -> Rate:
    """A price after the project's own discount. Its note states the discount and the price before.

    Args:
        rate: the price.
        factor: the part of the price that is paid, above 0 and at most 1, such as 0.88 for a discount of 12%. Default:
            1, no discount.
        agreed_usd: the agreed price for the same unit, in USD, at least 0. It replaces the price and excludes `factor`.
            Default: none.

    Raises:
        ValueError: if a value is out of range, or both are given.
    """
    if not 0 < factor <= 1:
        message = f"factor={factor} is not a valid discount. Expected: above 0 and at most 1, such as 0.88 for 12% off."
        raise ValueError(message)
    if agreed_usd is None:
        if factor == 1:
            return rate
        usd, reason = rate.usd * factor, f"{rate.usd:g} USD x {factor:g}"
    elif factor != 1:
        message = f"factor={factor} and agreed_usd={agreed_usd} exclude each other. Expected: one of them."
        raise ValueError(message)
    elif not (math.isfinite(agreed_usd) and agreed_usd >= 0):
        message = f"agreed_usd={agreed_usd} is not a valid price. Expected: at least 0."
        raise ValueError(message)
    else:
        usd, reason = agreed_usd, f"agreed price instead of {rate.usd:g} USD"
    return replace(rate, usd=usd, basis="discounted", note="; ".join(filter(None, (rate.note, reason))))


@dataclass(frozen=True)
class PlanUsage:
    """Usage that a Savings Plan may cover."""

    key: str
    """A unique name of the usage."""
    quantity: float
    """The number of units that are used in each hour, such as the average number of running instances."""
    usd: float
    """The price of a unit without the plan, in USD per hour."""
    plan_usd: float
    """The price of a unit in the plan, in USD per hour."""


@dataclass(frozen=True)
class PlanCoverage:
    """The usage that a Savings Plan covers."""

    covered: Mapping[str, float]
    """The covered part of each usage, from 0 to 1, by its key. The other part has the price without the plan."""
    unused_usd: float
    """The commitment that no usage consumes, in USD per hour. It is billed nevertheless."""


def plan_coverage(usages: Iterable[PlanUsage], commitment_usd_per_hour: float) -> PlanCoverage:
    """Distribute the commitment of a Savings Plan over usage.

    AWS applies a plan to the usage with the highest savings percentage first; for equal ones, to the lowest price in
    the plan (Savings Plans user guide, "Understanding how Savings Plans apply to your usage", read 2026-11-29). Equal
    prices are in the order of their keys.

    Args:
        usages: the usage. One whose price in the plan is not below its usual price is not covered.
        commitment_usd_per_hour: the commitment, in USD per hour, at least 0.

    Raises:
        ValueError: if the commitment is not a number of at least 0.
    """
    if not (math.isfinite(commitment_usd_per_hour) and commitment_usd_per_hour >= 0):
        message = f"commitment_usd_per_hour={commitment_usd_per_hour} is not valid. Expected: at least 0."
        raise ValueError(message)
    left = commitment_usd_per_hour
    covered: dict[str, float] = {}
    for usage in sorted(usages, key=lambda each: (-_saving(each), each.plan_usd, each.key)):
        costs = usage.quantity * usage.plan_usd
        used = min(costs, left) if _saving(usage) > 0 else 0.0
        covered[usage.key] = used / costs if costs else 0.0
        left -= used
    return PlanCoverage(covered, left)


def _saving(usage: PlanUsage) -> float:
    return 1 - usage.plan_usd / usage.usd if usage.usd else 0.0
