"""Jobs of the node that are recorded as running."""

from __future__ import annotations

import re
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
    from collections.abc import Iterable, Mapping, Sequence


_RANK = re.compile(r"#\d+$")


@dataclass(frozen=True)
class EndedJob:
    """The last reported jobs of the node, none of which runs any more."""

    began: float
    """The start of the first of them, in seconds since the boot."""
    seen: float
    """The last run of the guard in which one of them ran, in seconds since the boot."""


@dataclass(frozen=True)
class Job:
    """A job that is recorded as running, with a fresh heartbeat."""

    record: str
    name: str
    hung_since: float | None = None
    """The time of its last progress or start, in epoch seconds, if it is hung. None: it is not hung."""
    reports_progress: bool = False
    """True if it has reported progress: then progress alone decides whether it is hung."""
    unresponsive_seconds: float | None = None
    """The time for which the main threads of all its nodes have executed no Python code. None: unknown."""
    on_one_node: bool = True
    started_at: float | None = None
    """Epoch seconds. None: unknown."""

    @property
    def job_id(self) -> str:
        """The id of the job, the same on all its nodes."""
        return _run({Table.RECORD: self.record})


def jobs_of_node(items: Iterable[Mapping[str, object]], instance_id: str, now: float) -> list[Job]:
    """The running jobs of a node.

    A job on several nodes has a record for each. It is hung on all of them if it has reported progress on any, and on
    none for its timeout; its last start counts as progress. `mlinfra.functions.records` judges the same.

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
    found = []
    for item in running:
        if item.get(Table.INSTANCE) not in {None, instance_id}:
            continue
        record = str(item.get(Table.RECORD, ""))
        parts = [each for each in running if _run(each) == _run(item)]
        name = str(item.get(Table.JOB_NAME) or record[len(Table.JOB_PREFIX) :])
        found.append(
            Job(
                record=record,
                name=name,
                hung_since=_hung_since(parts, now),
                reports_progress=any(epoch_seconds(each.get(Table.PROGRESS_AT)) is not None for each in parts),
                unresponsive_seconds=_unresponsive(parts),
                on_one_node=len(parts) == 1,
                started_at=epoch_seconds(item.get(Table.STARTED_AT)),
            )
        )
    return found


def kept_until(items: Iterable[Mapping[str, object]], instance_id: str) -> float:
    """The time until which ended jobs keep a node, in epoch seconds. 0: none does.

    Args:
        items: the records of jobs of the cluster; numbers may be text.
        instance_id: the node. A record without an instance id may be of any node.
    """
    latest = 0.0
    for item in items:
        ended, minutes = epoch_seconds(item.get(Table.ENDED_AT)), epoch_seconds(item.get(Table.KEEP_MINUTES))
        is_here = item.get(Table.INSTANCE) in {None, instance_id}
        if is_here and item.get(Table.JOB_STATUS) != JobStatus.RUNNING and ended is not None and minutes is not None:
            latest = max(latest, ended + 60 * minutes)
    return latest


def _run(item: Mapping[str, object]) -> str:
    """The part of the record's id that all nodes of a job share."""
    return _RANK.sub("", str(item.get(Table.RECORD, ""))[len(Table.JOB_PREFIX) :])


def _hung_since(parts: Sequence[Mapping[str, object]], now: float) -> float | None:
    """The last progress of a job, if it is hung. None: it is not hung."""
    if all(epoch_seconds(each.get(Table.PROGRESS_AT)) is None for each in parts):
        return None
    times = [epoch_seconds(each.get(name)) for each in parts for name in (Table.PROGRESS_AT, Table.STARTED_AT)]
    last = max(each for each in times if each is not None)
    timeouts = [epoch_seconds(each.get(Table.PROGRESS_TIMEOUT)) for each in parts]
    timeout = max((each for each in timeouts if each is not None and each > 0), default=PROGRESS_TIMEOUT_SECONDS)
    return last if now - last >= timeout else None


def _unresponsive(parts: Sequence[Mapping[str, object]]) -> float | None:
    """The shortest time between the last response of a main thread and the heartbeat after it. None: unknown."""
    shortest: float | None = None
    for each in parts:
        beat, responded = epoch_seconds(each.get(Table.HEARTBEAT_AT)), epoch_seconds(each.get(Table.RESPONDED_AT))
        if beat is None or responded is None:
            return None
        shortest = beat - responded if shortest is None else min(shortest, beat - responded)
    return shortest


def plain(item: Mapping[str, Mapping[str, object]]) -> dict[str, object]:
    """An item of DynamoDB without its types: numbers remain text."""
    return {name: next(iter(value.values()), None) for name, value in item.items()}
