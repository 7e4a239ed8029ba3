"""Activity of a cluster whose job has just ended.

The functions stop a cluster only after it was idle for some time, so that the next job of a person finds it. A person
who stops it has decided that there is none: only activity after the end of the last job keeps the cluster.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

from boto3.dynamodb.conditions import Key

from mlinfra.functions.activity import Evidence, gather_evidence
from mlinfra.functions.clients import FAILURES
from mlinfra.functions.contract import Table
from mlinfra.runner import RunAttribute, RunStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.functions.assessment import Assessment
    from mlinfra.functions.metrics import History
    from mlinfra.functions.records import Job

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


def running_jobs(seen: Assessment, now: datetime) -> tuple[Job, ...]:
    """The jobs of a cluster that are reported as running. Empty: none is, or its records could not be read."""
    return tuple(each for each in seen.memory.jobs if each.may_be_running(now)) if seen.memory else ()


def has_ended_run(job: Job, cluster: str, table: Any) -> bool:  # noqa: ANN401  boto3 makes its tables at run time
    """True if the run of a job has ended, so that its nodes record the end of the job next.

    The end of a run is recorded once all of its nodes have stopped its command and uploaded its outputs, or are lost.
    A node records the end of its job after that. A lost node can still execute the command.

    Args:
        job: a job that is reported as running.
        cluster: the name of its cluster.
        table: the table of records, as in boto3.

    Returns:
        False if its run has not ended or cannot be read, or if it is not the job of a run.
    """
    record = Key(Table.RECORD).eq(f"{Table.RUN_PREFIX}{job.run_id}")
    try:
        # Not GetItem: to list the jobs requires the permission for Query already.
        found = table.query(KeyConditionExpression=Key(Table.CLUSTER).eq(cluster) & record, ConsistentRead=True)
    except FAILURES:
        return False
    return any(each.get(RunAttribute.STATUS) in RunStatus.ENDED for each in found["Items"])
