"""What nodes cost: the catalog's on-demand price of us-east-1, in every region and for spot instances too.

It is near enough to stop what costs too much, and no bill. A price that the catalog does not have is
unknown, never 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlinfra.functions.contract import Table
from mlinfra.functions.prices import on_demand_prices

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from mlinfra.functions.fleet import Node

_HOURS_A_DAY = 24


@dataclass(frozen=True)
class Cost:
    """What something has cost so far."""

    usd_known: float = 0.0
    """As far as prices are known."""
    unpriced: frozenset[str] = frozenset()
    """The instance types without a price that are part of it."""

    @property
    def usd(self) -> float | None:
        """All of it in USD; None: unknown, because the price of a part is."""
        return None if self.unpriced else self.usd_known


def so_far(nodes: Iterable[Node], state: Mapping[str, Any], now: datetime) -> Cost:
    """What was counted before, and what `nodes` have cost since then, or since their launch.

    Args:
        nodes: what runs now. What came and went since the last count is not known.
        state: the state of the cluster, with what was counted before.
        now: until when to count.
    """
    before = counted_until(state)
    usd = float(state.get(Table.COST_USD, 0))
    unpriced = set(state.get(Table.COST_UNKNOWN, ()))
    for node in nodes:
        launched = node.launched.timestamp() if node.launched else None
        since = max((moment for moment in (launched, before) if moment is not None), default=now.timestamp())
        seconds = now.timestamp() - since
        if seconds <= 0:
            continue
        price = on_demand_prices().get(node.instance_type)
        if price is None:
            unpriced.add(node.instance_type)
        else:
            usd += price * seconds / 3600
    return Cost(usd_known=usd, unpriced=frozenset(unpriced))


def counted_until(state: Mapping[str, Any]) -> float | None:
    """Until when the cost in `state` is counted, in epoch seconds; None: nothing is counted yet."""
    return float(state[Table.COST_AT]) if Table.COST_AT in state else None


def of_a_day(nodes: Iterable[Node]) -> float | None:
    """What `nodes` cost in 24 hours, in USD; None: unknown, because the price of one is."""
    hourly = [on_demand_prices().get(node.instance_type) for node in nodes]
    return None if None in hourly else round(sum(price or 0 for price in hourly) * _HOURS_A_DAY, 2)
