"""Activity of a cluster whose job has just ended.

The functions stop a cluster only after it was idle for some time, so that the next job of a person finds it. A person
who stops it has decided that there is none: only activity after the end of the last job keeps the cluster.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final

from mlinfra.functions.activity import Evidence, gather_evidence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.functions.assessment import Assessment
    from mlinfra.functions.metrics import History

REPORTED: Final = timedelta(minutes=2)
"""The time after which the reports and metrics of nodes no longer show a job that has ended: both are of a minute, and
arrive within another."""


def last_end(seen: Assessment) -> datetime | None:
    """The end of the last job of a cluster. None: none has ended, or its records could not be read."""
    jobs = seen.memory.jobs if seen.memory else ()
    ends = [each.ended_at for each in jobs if each.ended_at is not None]
    return datetime.fromtimestamp(max(ends), tz=timezone.utc) if ends else None


def evidence_since(ended: datetime, seen: Assessment, gpus: Mapping[str, History], now: datetime) -> Evidence:
    """The activity of a cluster since the end of its last job. Running jobs, and nodes without reports, count as ever.

    Args:
        ended: the end of the job.
        seen: the cluster.
        gpus: the GPU metrics of its nodes, by instance id.
        now: the present time.
    """
    if seen.rules.idle_for is None:
        return seen.evidence
    since = min(max(now - ended - REPORTED, timedelta(0)), seen.rules.idle_for)
    return gather_evidence(seen.target, replace(seen.rules, idle_for=since), seen.memory, gpus, now)
