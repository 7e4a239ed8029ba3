"""The surroundings of a formula: prices, assumptions, the other resources of the stack, and the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, Final

from mlinfra.functions.contract import Tag
from mlinfra.operations.cost.estimate import HOURS_A_MONTH
from mlinfra.operations.cost.parts import ALL_MONTH, Span, joined
from mlinfra.operations.cost.resources import items, number

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from mlinfra.declarations import CostAssumptions, Prices
    from mlinfra.operations.cost.resources import Resource, Stack

_WEEK: Final = 7
_HOURS_A_DAY: Final = 24


@dataclass(frozen=True)
class Context:
    """The input of a formula in addition to the resource."""

    stack: Stack
    prices: Prices
    assumptions: CostAssumptions
    today: date
    buckets: Mapping[str, str]
    """The use of buckets in the data lake by name, for names that are declared."""

    @property
    def start(self) -> datetime:
        """The beginning of the estimated month: the present day at 00:00 UTC."""
        return datetime.combine(self.today, time(), tzinfo=timezone.utc)

    def hours(self, resource: Resource, tags: Mapping[str, str] | None = None) -> tuple[Span, str]:
        """The hours of the next 730 in which a resource runs, by its expiry and quiet hours, and the reason.

        Args:
            resource: a resource whose tags name its expiry.
            tags: other tags to read. Default: those of the resource.
        """
        tags = resource.tags if tags is None else tags
        low, high = ALL_MONTH
        reasons = []
        expires = _date(tags.get(Tag.EXPIRES))
        if expires is not None:
            left = (expires + timedelta(days=1) - self.start).total_seconds() / 3600
            grace = number(tags.get(Tag.EXPIRY_GRACE_HOURS)) or 0.0
            low, high = (min(HOURS_A_MONTH, max(0.0, each)) for each in (left, left + grace if left > 0 else 0.0))
            if low < HOURS_A_MONTH:
                grace_words = f", or {grace:g} hours later if it is busy" if grace else ""
                reasons.append(f"until its expiry on {tags[Tag.EXPIRES]}{grace_words}")
        share = self._share_outside_quiet_hours(resource)
        if share < 1:
            per_day = self.assumptions.cluster_hours_per_day
            reasons.append(f"low: {per_day:g} hours on days with quiet hours, high: all hours")
        return Span(low * share, high), joined(*reasons)

    def _share_outside_quiet_hours(self, resource: Resource) -> float:
        """The share of the hours in which a group runs at the low end, where it is stopped daily."""
        quiet: set[int] = set()
        for each in self.stack.referring(resource, "aws_autoscaling_schedule"):
            match (each.text("recurrence") or "").split():
                case [_, _, "*", "*", weekdays] if each.number("desired_capacity") == 0:
                    quiet |= _weekdays(weekdays)
        busy = _HOURS_A_DAY * (_WEEK - len(quiet)) + self.assumptions.cluster_hours_per_day * len(quiet)
        return busy / (_HOURS_A_DAY * _WEEK)


def subnet_count(resource: Resource) -> tuple[Span, str]:
    """The number of subnets of a resource, and the assumption if it is unknown."""
    subnets = items(resource.get("subnet_ids"))
    if subnets:
        return Span(len(subnets), len(subnets)), ""
    return Span(1, 3), "1 to 3 zones, since the subnets are known after apply"


def _weekdays(text: str) -> set[int]:
    """The days of the week in the last field of a cron expression."""
    if text == "*":
        return set(range(_WEEK))
    days: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        if first.isdigit() and (last or first).isdigit():
            days |= {each % _WEEK for each in range(int(first), int(last or first) + 1)}
    return days


def _date(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(f"{text}T00:00:00+00:00") if text else None
    except ValueError:
        return None
