"""Jobs of the node that are recorded as running."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlinfra.functions.contract import (
    PROGRESS_TIMEOUT_SECONDS,
    JobStatus,
    Table,
    epoch_seconds,
    is_heartbeat_fresh,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True)
class Job:
    """A job that is recorded as running, with a fresh heartbeat."""

    record: str
    name: str
    hung_since: float | None = None
    """The time of its last progress, in epoch seconds, if it is hung. None: it is not hung."""


def jobs_of_node(items: Iterable[Mapping[str, object]], instance_id: str, now: float) -> list[Job]:
    """The running jobs of a node.

    A job on several nodes has a record for each, and may report its progress in the first only: it is hung on all.

    Args:
        items: the records of jobs of the cluster; numbers may be text.
        instance_id: the node. A record without an instance id may be of any node.
        now: epoch seconds.
    """
    running = [
        item
        for item in items
        if item.get(Table.JOB_STATUS) == JobStatus.RUNNING and is_heartbeat_fresh(item.get(Table.HEARTBEAT_AT), now)
    ]
    by_record = {str(item.get(Table.RECORD, "")): item for item in running}
    found = []
    for record, item in by_record.items():
        if item.get(Table.INSTANCE) not in {None, instance_id}:
            continue
        first = by_record.get(record.rpartition("#")[0], item)
        found.append(
            Job(
                record=record,
                name=str(item.get(Table.JOB_NAME) or record[len(Table.JOB_PREFIX) :]),
                hung_since=_hung_since(item if Table.PROGRESS_AT in item else first, now),
            )
        )
    return found


def _hung_since(item: Mapping[str, object], now: float) -> float | None:
    progress_at = epoch_seconds(item.get(Table.PROGRESS_AT))
    if progress_at is None:
        return None
    timeout = epoch_seconds(item.get(Table.PROGRESS_TIMEOUT))
    return progress_at if now - progress_at > (timeout or PROGRESS_TIMEOUT_SECONDS) else None


def plain(item: Mapping[str, Mapping[str, object]]) -> dict[str, object]:
    """An item of DynamoDB without its types: numbers remain text."""
    return {name: next(iter(value.values()), None) for name, value in item.items()}
