"""Estimated costs: lines with their formula and source, resources without a price, and sums by any key."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import asdict, dataclass, field, fields
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

HOURS_A_MONTH: Final = 730
"""The hours of an average month: 365 days of 24 hours over 12. AWS uses the same figure for prices by the month (EC2
and FSx pricing pages, read 2026-11-29)."""
_DECIMALS: Final = 6


class Key(str, Enum):
    """The keys that costs are summed by."""

    ENVIRONMENT = "environment"
    STACK = "stack"
    EXPERIMENT = "experiment"
    TEAM = "team"
    OWNER = "owner"
    COST_CENTER = "cost_center"
    SERVICE = "service"
    REGION = "region"
    TYPE = "type"
    ADDRESS = "address"


@dataclass(frozen=True)
class Line:
    """The cost of one part of a resource, such as the root volumes of a cluster.

    Low and high are the ends of a range. Low: at the lowest usual spot price, the minimum capacity and the hours that
    quiet hours leave. High: at the highest price and capacity, at every hour until expiry. Both are equal where
    nothing varies.
    """

    address: str
    """The address of the resource in Terraform, such as aws_nat_gateway.network_nat-1_A72B97BB."""
    type: str
    """The type of the resource in Terraform, such as aws_nat_gateway."""
    stack: str
    environment: str
    """The name of the environment. Empty: unknown."""
    experiment: str
    """The name of the experiment. Empty: the resource is shared."""
    team: str
    owner: str
    """The owner's e-mail address. Empty: the team owns the resource."""
    cost_center: str
    usd_per_hour_low: float
    """USD per hour while the resource runs. Monthly prices are divided by 730."""
    usd_per_hour_high: float
    usd_per_month_low: float
    """USD in the next 730 hours."""
    usd_per_month_high: float
    formula: str
    """The calculation, such as `2 x 12.24 USD per hour x 730 hours`."""
    source: str
    """The sources of the prices."""
    as_of: str
    """The date of the oldest of these prices, such as 2026-07-20."""
    assumption: str
    """The assumptions about use, and about prices taken from elsewhere. Empty: none."""
    item: str = ""
    """The billed part of the resource, such as `root volumes`."""
    service: str = ""
    """The AWS service on the bill, such as AmazonEC2."""
    region: str = ""
    account_id: str = ""
    quantity: float = 0.0
    """The assumed billed quantity in a month, in `unit`, at the high end. 0: the line has several."""
    unit: str = ""
    """The billed unit, such as `hours` or `GB-months`."""
    usd_per_unit: float | None = None
    """The list price of `unit`, in USD. None: the line has several, or a discount applies."""
    usd_per_month_list: float | None = None
    """The high end at list prices, in USD. None: an agreed price replaces one that is unknown or not used."""
    commitment: str = ""
    """The way of purchase: on-demand, spot, capacity-block or reservation. Empty: there is no choice."""


@dataclass(frozen=True)
class Unpriced:
    """A resource, or a part of it, without a known price. Its cost is unknown, not 0."""

    address: str
    type: str
    reason: str
    """The reason, such as `no price of ml.p6-b200.48xlarge hosting in eu-north-1`."""
    stack: str = ""
    environment: str = ""
    owner: str = ""
    experiment: str = ""
    team: str = ""
    cost_center: str = ""


@dataclass(frozen=True)
class Sum:
    """The sum of some lines."""

    name: str
    """The value of the key, such as the name of an experiment. Empty: these lines have none."""
    usd_per_hour_low: float
    usd_per_hour_high: float
    usd_per_month_low: float
    usd_per_month_high: float
    lines: int
    """The number of lines."""
    unpriced: int
    """The number of resources without a known price, which the sum does not include."""


@dataclass(frozen=True)
class Estimate:
    """The estimated cost of some stacks."""

    lines: tuple[Line, ...] = ()
    unpriced: tuple[Unpriced, ...] = ()
    free: int = 0
    """The number of resources without charges of their own."""
    old: tuple[str, ...] = field(default=())
    """Notes about prices that are older than the environment allows."""

    @property
    def total(self) -> Sum:
        """The sum of all lines."""
        return _sum("total", self.lines, len(self.unpriced))

    def by(self, *keys: Key) -> tuple[Sum, ...]:
        """The sums by one or more keys, the most expensive first.

        Args:
            keys: the keys. The name of a sum by several keys joins their values with a slash.
        """
        lines: dict[str, list[Line]] = defaultdict(list)
        unpriced: dict[str, int] = defaultdict(int)
        for line in self.lines:
            lines[_name(line, keys)].append(line)
        for each in self.unpriced:
            unpriced[_name(each, keys)] += 1
        names = {**dict.fromkeys(lines), **dict.fromkeys(unpriced)}
        sums = [_sum(name, lines[name], unpriced[name]) for name in names]
        return tuple(sorted(sums, key=lambda each: (-each.usd_per_month_high, -each.usd_per_month_low, each.name)))

    def only(self, key: Key, name: str) -> Estimate:
        """The part of the estimate with one value of a key."""
        return Estimate(
            tuple(each for each in self.lines if _name(each, (key,)) == name),
            tuple(each for each in self.unpriced if _name(each, (key,)) == name),
            old=self.old,
        )

    def as_json(self) -> dict[str, Any]:
        """The estimate as JSON values. USD amounts are rounded to 6 decimals."""
        return {
            "version": 1,
            "currency": "USD",
            "hours_a_month": HOURS_A_MONTH,
            "total": _values(self.total, without=("name",)),
            "by": {
                key.value: [_values(each) for each in self.by(key)] for key in Key if key not in {Key.TYPE, Key.ADDRESS}
            },
            "lines": [_values(each) for each in self.lines],
            "unpriced": [_values(each) for each in self.unpriced],
            "free": self.free,
            "old": list(self.old),
        }


def together(estimates: Iterable[Estimate]) -> Estimate:
    """One estimate of several."""
    given = list(estimates)
    return Estimate(
        tuple(line for each in given for line in each.lines),
        tuple(line for each in given for line in each.unpriced),
        sum(each.free for each in given),
        tuple(dict.fromkeys(note for each in given for note in each.old)),
    )


def _sum(name: str, lines: Iterable[Line], unpriced: int) -> Sum:
    given = list(lines)
    # fsum: the order of the lines does not change a sum.
    hour_low, hour_high, month_low, month_high = (math.fsum(getattr(line, each) for line in given) for each in _AMOUNTS)
    return Sum(name, hour_low, hour_high, month_low, month_high, len(given), unpriced)


_AMOUNTS: Final = tuple(each.name for each in fields(Sum) if each.name.startswith("usd_"))


def _name(each: Line | Unpriced, keys: Iterable[Key]) -> str:
    return "/".join(str(getattr(each, key.value, "")) for key in keys)


def _values(each: Line | Unpriced | Sum, *, without: Iterable[str] = ()) -> dict[str, Any]:
    values = {name: value for name, value in asdict(each).items() if name not in set(without)}
    return {name: round(value, _DECIMALS) if isinstance(value, float) else value for name, value in values.items()}
