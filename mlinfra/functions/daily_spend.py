"""The cost of each cluster on each day, so that the history by owner exists without the bill."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from mlinfra.functions import cost
from mlinfra.functions.clients import FAILURES, error_code
from mlinfra.functions.contract import Table
from mlinfra.functions.notifications import log

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from mlinfra.functions.fleet import Target
    from mlinfra.functions.records import Records

_LONGEST_UNCOUNTED = timedelta(days=31)
"""The most days that one count is distributed over. The cost of earlier days is added to the first of them."""


def record_spend(records: Records, target: Target, state: Mapping[str, Any], counted: cost.Cost, now: datetime) -> None:
    """Add the cost since the last count to the days on which it was incurred. A failure is logged.

    Args:
        records: the environment's table.
        target: the cluster.
        state: its recorded state before this count.
        counted: its cost until `now`.
        now: the end of the counted time.
    """
    before = float(state.get(Table.COST_USD, 0)) + float(state.get(Table.STORAGE_USD, 0))
    usd = counted.usd_known - before
    running = [node.instance_type for node in target.nodes if not node.has_ended]
    unpriced = counted.unpriced.intersection(running)
    if usd <= 0 and not unpriced:
        return
    try:
        for day, part in shares(max(usd, 0.0), _begin(target, state, now), now):
            records.add_spend(target.name, day, part, tags=target.tags, unpriced=unpriced)
    except FAILURES as error:
        log("Spend Of The Day Not Recorded", cluster=target.name, usd=round(usd, 6), why=error_code(error))


def shares(usd: float, begin: datetime, end: datetime) -> Iterator[tuple[date, float]]:
    """Each day of a period in UTC, with its part of `usd` by time. The parts add up to `usd`.

    Args:
        usd: the cost of the period.
        begin: its beginning.
        end: its end. Where it is not after `begin`, its day has the whole cost.
    """
    begin, end = begin.astimezone(timezone.utc), end.astimezone(timezone.utc)
    if begin >= end:
        yield end.date(), usd
        return
    whole = end - begin
    while begin < end:
        midnight = begin.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        until = min(midnight, end)
        yield begin.date(), usd * ((until - begin) / whole)
        begin = until


def _begin(target: Target, state: Mapping[str, Any], now: datetime) -> datetime:
    """The beginning of the counted time: the last count, or the first launch."""
    before = cost.counted_until(state)
    if before is not None:
        begin = datetime.fromtimestamp(before, tz=timezone.utc)
    else:
        begin = min((node.launched for node in (*target.nodes, *target.ended) if node.launched), default=now)
    return max(begin, now - _LONGEST_UNCOUNTED)
