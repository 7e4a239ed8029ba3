"""A run as its records describe it: status, attempts, nodes.

The records may have been written by another version of mlinfra: unknown attributes are ignored, missing and invalid
ones are None, and an unknown status is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Final

from mlinfra.functions.contract import Table, epoch_seconds
from mlinfra.runner import Member, RunAttribute, RunStatus, whole_number
from mlinfra.runner.contract import RUN_PREFIX, SEEN_FRESH_SECONDS
from mlinfra.runner.joining import LONGEST_WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LATEST: Final = 253_402_300_799
"""The end of the year 9999, the latest time that Python can represent, in epoch seconds."""
LONGEST_WAIT: Final = timedelta(seconds=LONGEST_WAIT_SECONDS)
"""The time after which a run that no node has joined, or taken up again, counts as lost. AWS Batch has limits of its
own."""


@dataclass(frozen=True)
class RunNode:
    """A node in an attempt, as it last reported."""

    attempt: int
    instance_id: str
    rank: int | None = None
    """None: it is not, or not yet, a member of the attempt."""
    step: str = ""
    """`joining`, `checking`, `preparing`, `running`, `uploading` or `ended`."""
    detail: str = ""
    address: str | None = None
    joined_at: datetime | None = None
    seen_at: datetime | None = None
    """Its last report."""
    exit_code: int | None = None
    reason: str | None = None
    gpu_percent: float | None = None
    """The mean utilization of its GPUs while the command ran, in percent."""
    running_seconds: float | None = None
    """The time for which the command has run on it."""
    driver: str | None = None
    cuda: str | None = None
    image_id: str | None = None
    instance_type: str | None = None
    zone: str | None = None
    notice_ends_at: datetime | None = None
    """The time at which EC2 begins to terminate it. None: EC2 has not announced it."""
    notice_reason: str | None = None


@dataclass(frozen=True)
class Attempt:
    """An attempt of a run."""

    number: int
    """From 1."""
    members: tuple[Member, ...] = ()
    """Its nodes; the position is the rank. Empty: not all nodes have joined it."""
    planned_at: datetime | None = None
    nodes: tuple[RunNode, ...] = ()
    """The nodes that joined it: by rank, then by instance id."""


@dataclass(frozen=True)
class Run:
    """A run."""

    environment: str
    run_id: str
    partition: str
    """The name of the cluster's auto scaling group, or of the job queue."""
    status: str
    """One of `RunStatus`, or the unknown status of a newer version."""
    name: str = ""
    experiment: str = ""
    nodes: int | None = None
    """The number of nodes that it needs."""
    array_size: int | None = None
    """The number of jobs of its array in a queue. None: it is not an array."""
    command: str = ""
    """The command as a shell would read it."""
    specification_key: str | None = None
    """The object key of `run.json` in the bucket."""
    bucket: str | None = None
    commit: str | None = None
    submitted_by: str | None = None
    """The ARN of the principal."""
    submitted_at: datetime | None = None
    cancelled_by: str | None = None
    cancelled_at: datetime | None = None
    batch_job: str | None = None
    """The id of the job of AWS Batch. None: it runs on a cluster."""
    retries: int = 0
    replaced: int = 0
    """The number of attempts that do not count as retries, because an unhealthy node was replaced before the command
    ran."""
    attempt: int = 1
    """The number of the current or last attempt."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    exit_code: int | None = None
    reason: str | None = None
    fault: str | None = None
    """`code`, `node`, `interruption` or `health`."""
    failed_rank: int | None = None
    failed_instance: str | None = None
    attempts: tuple[Attempt, ...] = ()
    read_at: datetime | None = None
    """The time of the clock of AWS at which the records were read."""

    @property
    def is_active(self) -> bool:
        """True if it has not ended, and is not lost."""
        return self.status in RunStatus.ACTIVE

    @property
    def has_ended(self) -> bool:
        """True if it has ended: its records no longer change."""
        return self.status in RunStatus.ENDED

    @property
    def most_attempts(self) -> int:
        """The number of attempts after which it is not retried."""
        return 1 + self.retries + self.replaced

    @property
    def last_attempt(self) -> Attempt | None:
        """The current or last attempt; None: no node has joined one."""
        return next((each for each in self.attempts if each.number == self.attempt), None)

    @property
    def living(self) -> tuple[RunNode, ...]:
        """The nodes of the current attempt whose last report is at most 60 seconds old, and that have not ended."""
        current = self.last_attempt
        return tuple(
            each
            for each in (current.nodes if current else ())
            if each.step != "ended" and self._is_fresh(each, timedelta(seconds=SEEN_FRESH_SECONDS))
        )

    @property
    def duration(self) -> timedelta | None:
        """The time from its start to its end, or to now; None: it has not started."""
        end = self.ended_at or self.last_seen_at if not self.is_active else self.read_at
        return max(end - self.started_at, timedelta(0)) if self.started_at and end else None

    @property
    def last_seen_at(self) -> datetime | None:
        """The last report of any of its nodes; None: there is none."""
        return max((node.seen_at for each in self.attempts for node in each.nodes if node.seen_at), default=None)

    def node_values(self, attribute: str) -> tuple[str, ...]:
        """The values of an attribute of its nodes, such as `driver`, sorted and without duplicates."""
        found = {getattr(node, attribute) for each in self.attempts for node in each.nodes}
        return tuple(sorted(str(each) for each in found if each is not None))

    def _is_fresh(self, node: RunNode, age: timedelta) -> bool:
        return node.seen_at is not None and (self.read_at is None or self.read_at - node.seen_at <= age)


def parse_run(environment: str, items: Iterable[Mapping[str, Any]], now: datetime) -> Run | None:
    """The run in the records of one query for `run#<id>`.

    Args:
        environment: the name of its environment.
        items: the records: the run itself, its plans and its nodes.
        now: the present time by the clock of AWS.

    Returns:
        The run. None: the records do not contain it, such as because they have expired.
    """
    head: Mapping[str, Any] | None = None
    plans: dict[int, Attempt] = {}
    nodes: list[RunNode] = []
    for item in items:
        run_id, _, rest = str(item.get(Table.RECORD, "")).removeprefix(RUN_PREFIX).partition("#")
        kind, _, of_attempt = rest.partition("#")
        number, _, instance_id = of_attempt.partition("#")
        if not rest:
            head = item
        elif kind == "plan" and number.isdecimal():
            plans[int(number)] = Attempt(int(number), _members(item), _time(item.get(RunAttribute.PLANNED_AT)))
        elif kind == "node" and number.isdecimal() and instance_id:
            nodes.append(_node(int(number), instance_id, item))
    if head is None:
        return None
    run_id = str(head[Table.RECORD]).removeprefix(RUN_PREFIX)
    return with_derived_status(replace(_run(environment, run_id, head, now), attempts=_attempts(plans, nodes)))


def with_derived_status(run: Run) -> Run:
    """A run that has not ended, and that no living node reports, as cancelled, retrying or lost."""
    if run.status not in RunStatus.ACTIVE or run.read_at is None or run.living:
        return run
    fresh = timedelta(seconds=SEEN_FRESH_SECONDS)
    if run.cancelled_at is not None and run.read_at - run.cancelled_at > fresh:
        return replace(run, status=RunStatus.CANCELLED, reason=run.reason or "cancelled; no node reports it any more")
    last = run.last_seen_at
    if last is None:
        is_lost = run.submitted_at is not None and run.read_at - run.submitted_at > LONGEST_WAIT
        return _lost(run, "no node has joined it in a day") if is_lost and run.batch_job is None else run
    return run if run.read_at - last <= fresh else _silent(run, last, run.read_at - last)


def _silent(run: Run, last: datetime, silence: timedelta) -> Run:
    """A run whose nodes no longer report it."""
    reason = f"no node has reported it since {last:%Y-%m-%d %H:%M:%S} UTC"
    is_last_attempt = run.attempt >= run.most_attempts and run.status == RunStatus.RUNNING
    if is_last_attempt or silence > LONGEST_WAIT:
        return _lost(run, reason)
    # The first node that its cluster launches takes it up again.
    return replace(run, status=RunStatus.RETRYING, reason=run.reason or reason)


def _lost(run: Run, reason: str) -> Run:
    return replace(run, status=RunStatus.LOST, reason=run.reason or reason)


def _run(environment: str, run_id: str, item: Mapping[str, Any], now: datetime) -> Run:
    return Run(
        environment=environment,
        run_id=run_id,
        partition=str(item.get(Table.CLUSTER, "")),
        status=str(item.get(RunAttribute.STATUS) or "unknown"),
        name=str(item.get(RunAttribute.NAME) or ""),
        experiment=str(item.get(RunAttribute.EXPERIMENT) or ""),
        nodes=whole_number(item.get(RunAttribute.NODES)),
        array_size=whole_number(item.get(RunAttribute.ARRAY_SIZE)),
        command=str(item.get(RunAttribute.COMMAND) or ""),
        specification_key=_text(item.get(RunAttribute.SPECIFICATION)),
        bucket=_text(item.get(RunAttribute.BUCKET)),
        commit=_text(item.get(RunAttribute.COMMIT)),
        submitted_by=_text(item.get(RunAttribute.SUBMITTED_BY)),
        submitted_at=_time(item.get(RunAttribute.SUBMITTED_AT)),
        cancelled_by=_text(item.get(RunAttribute.CANCELLED_BY)),
        cancelled_at=_time(item.get(RunAttribute.CANCELLED_AT)),
        batch_job=_text(item.get(RunAttribute.BATCH_JOB)),
        retries=whole_number(item.get(RunAttribute.RETRIES)) or 0,
        replaced=whole_number(item.get(RunAttribute.REPLACED)) or 0,
        attempt=whole_number(item.get(RunAttribute.ATTEMPT)) or 1,
        started_at=_time(item.get(RunAttribute.STARTED_AT)),
        ended_at=_time(item.get(RunAttribute.ENDED_AT)),
        exit_code=whole_number(item.get(RunAttribute.EXIT_CODE)),
        reason=_text(item.get(RunAttribute.REASON)),
        fault=_text(item.get(RunAttribute.FAULT)),
        failed_rank=whole_number(item.get(RunAttribute.FAILED_RANK)),
        failed_instance=_text(item.get(RunAttribute.FAILED_INSTANCE)),
        read_at=now,
    )


def _node(attempt: int, instance_id: str, item: Mapping[str, Any]) -> RunNode:
    return RunNode(
        attempt=attempt,
        instance_id=instance_id,
        rank=whole_number(item.get(RunAttribute.RANK)),
        step=str(item.get(RunAttribute.STEP) or ""),
        detail=str(item.get(RunAttribute.DETAIL) or ""),
        address=_text(item.get(RunAttribute.ADDRESS)),
        joined_at=_time(item.get(RunAttribute.JOINED_AT)),
        seen_at=_time(item.get(RunAttribute.SEEN_AT)),
        exit_code=whole_number(item.get(RunAttribute.NODE_EXIT_CODE)),
        reason=_text(item.get(RunAttribute.NODE_REASON)),
        gpu_percent=epoch_seconds(item.get(RunAttribute.GPU_PERCENT)),
        running_seconds=epoch_seconds(item.get(RunAttribute.RUNNING_SECONDS)),
        driver=_text(item.get(RunAttribute.DRIVER)),
        cuda=_text(item.get(RunAttribute.CUDA)),
        image_id=_text(item.get(RunAttribute.IMAGE_ID)),
        instance_type=_text(item.get(RunAttribute.INSTANCE_TYPE)),
        zone=_text(item.get(RunAttribute.ZONE)),
        notice_ends_at=_time(item.get(RunAttribute.NOTICE_ENDS_AT)),
        notice_reason=_text(item.get(RunAttribute.NOTICE_REASON)),
    )


def _attempts(plans: Mapping[int, Attempt], nodes: Iterable[RunNode]) -> tuple[Attempt, ...]:
    found = dict(plans)
    for node in nodes:
        attempt = found.get(node.attempt) or Attempt(node.attempt)
        ranks = {each.instance_id: rank for rank, each in enumerate(attempt.members)}
        ranked = replace(node, rank=ranks.get(node.instance_id, node.rank))
        found[node.attempt] = replace(attempt, nodes=(*attempt.nodes, ranked))
    return tuple(
        replace(found[number], nodes=tuple(sorted(found[number].nodes, key=_order))) for number in sorted(found)
    )


def _order(node: RunNode) -> tuple[bool, int, str]:
    return node.rank is None, node.rank or 0, node.instance_id


def _members(item: Mapping[str, Any]) -> tuple[Member, ...]:
    found = item.get(RunAttribute.MEMBERS)
    if not isinstance(found, list):
        return ()
    return tuple(
        Member(str(each.get("instance_id", "")), str(each.get("address", "")))
        for each in found
        if isinstance(each, dict)
    )


def _text(value: object) -> str | None:
    return str(value) if value not in {None, ""} else None


def _time(value: object) -> datetime | None:
    at = epoch_seconds(value)
    return None if at is None or not 0 <= at <= _LATEST else datetime.fromtimestamp(at, tz=timezone.utc)
