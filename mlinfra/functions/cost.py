"""Estimated cost of nodes, from the on-demand prices of us-east-1, for all regions and for spot instances too.

The estimate is precise enough for a spend limit; it is not a bill. A type without a price has an unknown cost, never 0.
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
    """The cost of a cluster so far."""

    usd_known: float = 0.0
    """The part with known prices, in USD."""
    unpriced: frozenset[str] = frozenset()
    """The instance types without a known price."""

    @property
    def usd(self) -> float | None:
        """The whole cost in USD. None: unknown, because the price of a part is unknown."""
        return None if self.unpriced else self.usd_known


def so_far(nodes: Iterable[Node], state: Mapping[str, Any], now: datetime) -> Cost:
    """The cost counted before, plus the cost of `nodes` since then or since their launch.

    Args:
        nodes: the nodes that run now. Nodes that were launched and terminated since the last count are not included.
        state: the recorded state of the cluster, with the cost counted before.
        now: the end of the counted time.
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
    """The end of the time covered by the cost in `state`, in epoch seconds. None: no cost is recorded yet."""
    return float(state[Table.COST_AT]) if Table.COST_AT in state else None


def of_a_day(nodes: Iterable[Node]) -> float | None:
    """The cost of `nodes` over 24 hours, in USD. None: unknown, because the price of one is unknown."""
    hourly = [on_demand_prices().get(node.instance_type) for node in nodes]
    return None if None in hourly else round(sum(price or 0 for price in hourly) * _HOURS_A_DAY, 2)
