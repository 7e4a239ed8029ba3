"""Estimated cost of a cluster: its nodes, their volumes and its file systems.

Prices are those of the region of each node. Spot instances count at the on-demand price, and instances in a Capacity
Block at their own: the declared one, else the published rate. A type without a price in the region takes its dearest
price in another one, else the dearest known of its family. The estimate is precise enough for a spend limit; it is not
a bill.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from mlinfra.functions.contract import Table, Tag, epoch_seconds
from mlinfra.functions.fleet import CAPACITY_BLOCK
from mlinfra.functions.prices import Price, block_price, on_demand_price, region_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mlinfra.functions.fleet import Node, Target

_HOURS_A_DAY = 24
_LONGEST_UNKNOWN_END = timedelta(hours=1)
"""EC2 describes a terminated instance for about an hour (EC2 user guide, "Terminate EC2 instances", read 2026-11-29):
one with an unknown end has run for at most this long since it was last counted."""
_LONGEST_UNKNOWN_BEGIN = timedelta(minutes=10)
"""The time for which a node with an unknown launch counts: two intervals of the checks that count."""
_PRECISION = timedelta(seconds=1)
"""That of the times of EC2."""


@dataclass(frozen=True)
class Cost:
    """The cost of a cluster so far."""

    usd_known: float = 0.0
    """The part with known prices, in USD: nodes, and storage as counted by the janitor."""
    unpriced: frozenset[str] = frozenset()
    """The instance types without a known price in their whole class."""
    assumed: Mapping[str, Price] = field(default_factory=dict)
    """The prices taken from another type, by the instance type without a price of its own."""
    usd_storage: float = 0.0
    """The part of `usd_known` for volumes and file systems, in USD."""

    @property
    def usd(self) -> float | None:
        """The whole cost in USD. None: unknown, because the price of a part is unknown."""
        return None if self.unpriced else self.usd_known

    @property
    def basis(self) -> str:
        """The prices taken from other types, as sentences without the last full stop. Empty: there are none."""
        return ". ".join(
            f"The price of {name} is unknown: {price.usd_per_hour:.2f} USD per hour is assumed, the highest known "
            f"price of its family ({price.taken_from})"
            for name, price in sorted(self.assumed.items())
        )


def so_far(target: Target, state: Mapping[str, Any], now: datetime) -> Cost:
    """The cost counted before, plus that of each node since then or since its launch.

    Args:
        target: the cluster. Nodes that ended since the last count are included while EC2 describes them.
        state: the recorded state of the cluster, with the cost counted before.
        now: the end of the counted time.
    """
    before = counted_until(state)
    storage = float(state.get(Table.STORAGE_USD, 0))
    usd = float(state.get(Table.COST_USD, 0)) + storage
    region = _region(target)
    unpriced = {each for each in state.get(Table.COST_UNKNOWN, ()) if on_demand_price(each, region) is None}
    assumed: dict[str, Price] = {}
    for node in _nodes(target):
        price = node_price(node, target.tags)
        if price is None:
            unpriced.add(node.instance_type)
            continue
        if price.taken_from:
            assumed[node.instance_type] = price
        usd += price.usd_per_hour * _seconds(node, before, now) / 3600
    for name in state.get(Table.COST_ASSUMED, ()):
        known = on_demand_price(name, region)
        if known is not None and known.taken_from:
            assumed[name] = known
    return Cost(usd_known=usd, unpriced=frozenset(unpriced), assumed=assumed, usd_storage=storage)


def node_price(node: Node, tags: Mapping[str, str]) -> Price | None:
    """The price of a node. None: unknown.

    Args:
        node: the node.
        tags: the tags of its cluster, one of which may declare the price.
    """
    on_demand = on_demand_price(node.instance_type, region_of(node.zone))
    if node.market == CAPACITY_BLOCK:
        declared = epoch_seconds(tags.get(Tag.NODE_USD_PER_HOUR))
        if declared is not None and declared >= 0:
            return Price(declared)
        return block_price(node.instance_type, node.zone) or on_demand
    return on_demand


def counted_until(state: Mapping[str, Any]) -> float | None:
    """The end of the time covered by the cost in `state`, in epoch seconds. None: no cost is recorded yet."""
    return float(state[Table.COST_AT]) if Table.COST_AT in state else None


def of_a_day(nodes: Iterable[Node]) -> float | None:
    """The cost that ends with `nodes`, over 24 hours, in USD. None: the price of one is unknown.

    Nodes in a Capacity Block are paid in advance: stopping them saves nothing.
    """
    hourly = per_hour([node for node in nodes if node.market != CAPACITY_BLOCK], {})
    return None if hourly is None else round(hourly * _HOURS_A_DAY, 2)


def per_hour(nodes: Iterable[Node], tags: Mapping[str, str]) -> float | None:
    """The cost of `nodes`, in USD per hour. None: the price of one is unknown.

    Args:
        nodes: the running nodes of a cluster.
        tags: the tags of the cluster.
    """
    prices = [node_price(node, tags) for node in nodes]
    known = [price.usd_per_hour for price in prices if price is not None]
    return math.fsum(known) if len(known) == len(prices) else None


def _region(target: Target) -> str:
    """The region of a cluster: that of its nodes; without any, that of the function that runs."""
    zones = (node.zone for node in (*target.nodes, *target.ended) if node.zone)
    return region_of(next(zones, os.environ.get("AWS_REGION")))


def _nodes(target: Target) -> list[Node]:
    """Its present and ended nodes, without those of an earlier group of its name."""
    begin = target.created_at and target.created_at - _PRECISION
    ended = [each for each in target.ended if begin is None or each.launched is None or each.launched >= begin]
    return [*target.nodes, *ended]


def _seconds(node: Node, before: float | None, now: datetime) -> float:
    """The time to count for `node`, in seconds: since the last count or its launch, until its end or now."""
    launched = node.launched.timestamp() if node.launched else None
    since = max((moment for moment in (launched, before) if moment is not None), default=now.timestamp())
    until = now.timestamp()
    if launched is None:
        # EC2 did not describe it. Its cluster may have been stopped since the last count.
        since = max(since, until - _LONGEST_UNKNOWN_BEGIN.total_seconds())
    if node.ended:
        until = min(until, node.ended.timestamp())
    elif node.has_ended:
        until = min(until, (datetime.fromtimestamp(since, tz=timezone.utc) + _LONGEST_UNKNOWN_END).timestamp())
    return max(0.0, until - since)
