"""Counting of the cost of clusters: by the janitor every hour, and by every function that stops a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.functions import cost
from mlinfra.functions.clients import FAILURES, error_code
from mlinfra.functions.daily_spend import record_spend
from mlinfra.functions.notifications import log
from mlinfra.functions.storage import with_storage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from mlinfra.functions.fleet import Target
    from mlinfra.functions.records import Memory, Records
    from mlinfra.functions.storage import Storage


def count_cost(
    records: Records,
    target: Target,
    now: datetime,
    *,
    memory: Memory | None = None,
    storage: Iterable[Storage] | None = None,
) -> cost.Cost | None:
    """Record the cost of `target` until `now`.

    A failure is logged. The next count includes the time of this one, as long as the nodes exist.

    Args:
        records: the environment's table.
        target: the cluster, as just described by AWS. A node counts from its launch, however short it runs.
        now: the end of the counted time.
        memory: its records. Default: they are read.
        storage: the volumes and file systems of all clusters. Default: their cost is left to the janitor.

    Returns:
        The cost until now. None: it could not be recorded.
    """
    try:
        memory = memory or records.read(target.name)
        state = memory.since(target.created_at).state
        counted = cost.so_far(target, state, now)
        if storage is not None:
            counted = with_storage(counted, target, state, storage, now)
        # Of an earlier group of its name too: the record is replaced.
        before = cost.counted_until(memory.state)
        if (before is None or before < now.timestamp()) and records.count_cost(
            target.name, counted, counted_until=before, now=now, with_storage=storage is not None
        ):
            record_spend(records, target, state, counted, now)
    except FAILURES as error:
        log("Cost Not Counted", cluster=target.name, why=error_code(error))
        return None
    return counted
