"""Estimate, recorded cost and bill of an environment beside each other."""

from __future__ import annotations

import calendar
import math
from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from mlinfra.operations.cost import Key

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from mlinfra.declarations import Environment
    from mlinfra.operations.billing.bill import Bill, BilledCost
    from mlinfra.operations.cost import Estimate


@dataclass(frozen=True)
class Row:
    """The costs of one value of the key, in USD."""

    name: str
    """The value. Empty: resources without one, which are shared."""
    estimated_low: float
    """Of a month of 730 hours, by the present declarations."""
    estimated_high: float
    recorded: float | None
    """The cost of clusters so far, as their functions have counted it. None: the key does not apply to clusters."""
    billed: float
    """On the bill so far."""
    projected: float
    """The bill of the whole month, if the cost of each day stays the same."""


@dataclass(frozen=True)
class SideBySide:
    """The costs of an environment in a month."""

    environment: str
    month: date
    """Its first day."""
    last_day: date | None
    """The last day with cost on the bill. None: there is none."""
    key: str
    rows: tuple[Row, ...]
    """The most expensive on the bill first."""
    total: Row
    other_environments: float
    """The bill of resources with another value of the tag Environment, so far."""
    without_environment: float
    """The bill of resources without the tag Environment, so far: not made by mlinfra, or the tag is not activated for
    cost allocation."""

    def as_json(self) -> dict[str, Any]:
        """The values as JSON. Dates are ISO 8601 strings."""
        values = asdict(self)
        values |= {
            "month": f"{self.month:%Y-%m}",
            "last_day": self.last_day and self.last_day.isoformat(),
            "version": 1,
            "currency": "USD",
        }
        return values


def side_by_side(
    environment: Environment, bill: Bill, estimate: Estimate, recorded: Mapping[str, float] | None
) -> SideBySide:
    """Put the estimate, the recorded cost of clusters and the bill of an environment beside each other.

    Args:
        environment: the environment.
        bill: the bill of its account.
        estimate: the estimate, of this or more environments.
        recorded: the recorded cost of clusters in the month, by the same key. None: the key does not apply to them.
    """
    key = bill.key.value
    own = [each for each in bill.costs if _is_of(each, environment)]
    billed: dict[str, float] = defaultdict(float)
    for each in own:
        billed[each.name] += each.usd
    sums = {each.name: each for each in estimate.only(Key.ENVIRONMENT, environment.name).by(Key(key))}
    factor = _to_whole_month(bill)
    rows = [
        Row(
            name=name,
            estimated_low=sums[name].usd_per_month_low if name in sums else 0.0,
            estimated_high=sums[name].usd_per_month_high if name in sums else 0.0,
            recorded=None if recorded is None else recorded.get(name, 0.0),
            billed=billed.get(name, 0.0),
            projected=billed.get(name, 0.0) * factor,
        )
        for name in {**sums, **billed, **dict.fromkeys(recorded or ())}
    ]
    rows.sort(key=lambda each: (-each.billed, -each.estimated_high, each.name))
    return SideBySide(
        environment=environment.name,
        month=bill.month,
        last_day=bill.last_day,
        key=key,
        rows=tuple(rows),
        total=_total(rows),
        other_environments=_sum(each for each in bill.costs if each.environment and each not in own),
        without_environment=_sum(each for each in bill.costs if not each.environment),
    )


def _is_of(cost: BilledCost, environment: Environment) -> bool:
    return cost.environment == environment.name and cost.project in {"", environment.project}


def _to_whole_month(bill: Bill) -> float:
    """The factor from the bill so far to that of the whole month."""
    if bill.last_day is None:
        return 1.0
    days: int = calendar.monthrange(bill.month.year, bill.month.month)[1]
    return days / bill.last_day.day


def _total(rows: Iterable[Row]) -> Row:
    given = list(rows)
    recorded = [each.recorded for each in given if each.recorded is not None]
    return Row(
        name="total",
        estimated_low=math.fsum(each.estimated_low for each in given),
        estimated_high=math.fsum(each.estimated_high for each in given),
        recorded=math.fsum(recorded) if recorded else None,
        billed=math.fsum(each.billed for each in given),
        projected=math.fsum(each.projected for each in given),
    )


def _sum(costs: Iterable[BilledCost]) -> float:
    return math.fsum(each.usd for each in costs)
