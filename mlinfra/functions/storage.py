"""Cost of the volumes and file systems of clusters, which are billed while their nodes are stopped too."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from mlinfra.functions.contract import Table, epoch_seconds

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from mlinfra.functions.cost import Cost
    from mlinfra.functions.fleet import Target


@dataclass(frozen=True)
class Storage:
    """A volume or a file system that exists now."""

    id: str
    name: str
    """Its tag Name: the cluster's name, which kept volumes inherit."""
    usd_per_hour: float
    created: datetime | None = None
    """The time of its creation. None: unknown."""


def with_storage(cost: Cost, target: Target, state: Mapping[str, Any], items: Iterable[Storage], now: datetime) -> Cost:
    """`cost` with the storage of `target` counted until `now`.

    The storage of a cluster: the volumes of its nodes, and the volumes and file systems of its name.

    Args:
        cost: the cost with the storage counted before.
        target: the cluster.
        state: its recorded state, with the time until which its storage is counted.
        items: the volumes and file systems that exist now. Those deleted since the last count are not included.
        now: the end of the counted time.
    """
    attached = {volume.volume_id for node in target.nodes for volume in node.volumes}
    begin = [epoch_seconds(state.get(Table.STORAGE_AT)), target.created_at.timestamp() if target.created_at else None]
    usd = 0.0
    for item in items:
        if item.id not in attached and item.name != target.name:
            continue
        begins = [*begin, item.created.timestamp() if item.created else None]
        # Without any known time it is counted from now on.
        since = max((moment for moment in begins if moment is not None), default=now.timestamp())
        usd += item.usd_per_hour * max(0.0, now.timestamp() - since) / 3600
    return replace(cost, usd_known=cost.usd_known + usd, usd_storage=cost.usd_storage + usd)


def time_of(value: object) -> datetime | None:
    """`value` as a time in UTC. None: it is not a time."""
    return value.astimezone(timezone.utc) if isinstance(value, datetime) else None
