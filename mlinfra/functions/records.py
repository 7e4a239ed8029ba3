"""Records of clusters and jobs in the DynamoDB table that jobs and functions share."""

from __future__ import annotations

import re
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Key
from botocore.exceptions import ClientError

from mlinfra.functions import clock
from mlinfra.functions.clients import FAILURES, error_code
from mlinfra.functions.contract import (
    PROGRESS_TIMEOUT_SECONDS,
    SPEND_KEPT_DAYS,
    JobStatus,
    Table,
    Tag,
    epoch_seconds,
    is_heartbeat_fresh,
)
from mlinfra.functions.node_report import NodeReport

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from mlinfra.functions.clients import Clients
    from mlinfra.functions.cost import Cost

_LEASE_SECONDS = 5 * 60
"""The lifetime of a lease whose run was interrupted."""
_CLOCK_SKEW = timedelta(minutes=5)
"""The tolerated difference between the clock of a record's writer and that of AWS."""
_COST = (
    Table.COST_USD,
    Table.COST_AT,
    Table.COST_UNKNOWN,
    Table.COST_ASSUMED,
    Table.STORAGE_USD,
    Table.STORAGE_AT,
)
_RANK = re.compile(r"#[0-9]+$")
"""The suffix of the records of a job's further nodes."""
_LAST_CHARACTER = "\U0010ffff"
_LEASE_OWNER = "stopping_by"
_LEASE_UNTIL = "stopping_until"


@dataclass(frozen=True)
class Job:
    """A training job, as recorded by `mlinfra.job`."""

    job_id: str
    status: str = JobStatus.RUNNING
    name: str = ""
    heartbeat_at: float | None = None
    """Epoch seconds. None: missing or invalid."""
    started_at: float | None = None
    """Epoch seconds. None: missing or invalid."""
    ended_at: float | None = None
    """Epoch seconds. None: missing or invalid."""
    instance_id: str | None = None
    """The instance id of its node. None: unknown."""
    progress_at: float | None = None
    """The last reported progress, in epoch seconds. None: it reports no progress."""
    progress_timeout: float = PROGRESS_TIMEOUT_SECONDS
    """The time without progress after which it counts as hung, in seconds."""
    keep_minutes: float | None = None
    """The time for which its cluster is kept after its end, in minutes. None: that of the environment."""

    @property
    def run_id(self) -> str:
        """The id that the records of all its nodes share: `job_id` without the rank."""
        return _RANK.sub("", self.job_id)

    @property
    def reports_progress(self) -> bool:
        """True if it has reported progress."""
        return self.progress_at is not None

    @property
    def kept_until(self) -> float:
        """The time until which it keeps its cluster after its end, in epoch seconds. 0: it does not."""
        if self.ended_at is None or not self.keep_minutes:
            return 0.0
        return self.ended_at + 60 * self.keep_minutes

    def may_be_running(self, now: datetime) -> bool:
        """True if it is recorded as running and its heartbeat is fresh, missing or invalid."""
        if self.status in {JobStatus.COMPLETED, JobStatus.FAILED}:
            return False
        return is_heartbeat_fresh(self.heartbeat_at, now.timestamp())


@dataclass(frozen=True)
class Memory:
    """All records of one cluster."""

    jobs: tuple[Job, ...] = ()
    extension: str | None = None
    """The extended last day, such as 2026-12-18. None: not extended."""
    extended_at: str | None = None
    """The time of the extension, such as 2026-11-26T14:00:00Z. None: unknown."""
    state: Mapping[str, Any] = field(default_factory=dict)
    reports: Mapping[str, NodeReport] = field(default_factory=dict)
    """The last report of each node, by instance id."""

    def hung_since(self, now: datetime) -> dict[str, float]:
        """The running jobs that are hung, by `Job.run_id`, each with the time since when, in epoch seconds.

        A job is hung if it reported progress at least once, on any of its nodes, and none of them has for its
        `progress_timeout`. The time since its last start counts as well, and a time in the future never does.
        A job that reports no progress is hung if the guards of all its nodes report that their compute processes are.
        """
        running = [job for job in self.jobs if job.may_be_running(now)]
        hung = {}
        for run_id in {job.run_id for job in running}:
            parts = [job for job in running if job.run_id == run_id]
            if not any(job.reports_progress for job in parts):
                times = [self.node_hung_at(job.instance_id, now) for job in parts]
                known = [each.timestamp() for each in times if each is not None]
                if len(known) == len(times):
                    hung[run_id] = max(known)
                continue
            last = max(moment for job in parts for moment in (job.progress_at, job.started_at) if moment is not None)
            since = last + max(job.progress_timeout for job in parts)
            if since <= now.timestamp():
                hung[run_id] = since
        return hung

    def node_hung_at(self, instance_id: str | None, now: datetime) -> datetime | None:
        """The time since which the compute processes of a node count as hung, by its guard. None: they do not."""
        report = self.reports.get(instance_id or "")
        return report.hung_at if report is not None and report.is_fresh(now) else None

    @property
    def stopped_at(self) -> float | None:
        """The time at which it was last stopped, in epoch seconds. None: never."""
        return epoch_seconds(self.state.get(Table.STOPPED_AT))

    def since(self, created_at: datetime | None) -> Memory:
        """The records since the group was created, without the cost and the extension of an earlier group of its name.

        Args:
            created_at: creation time of the group. None: unknown; everything recorded is used.
        """
        if created_at is None:
            return self
        begin = (created_at - _CLOCK_SKEW).timestamp()
        counted = epoch_seconds(self.state.get(Table.COST_AT))
        state = dict(self.state)
        if counted is not None and counted < begin:
            for name in _COST:
                state.pop(name, None)
        return replace(self, state=state, extension=None if self._extended_before(begin) else self.extension)

    def _extended_before(self, moment: float) -> bool:
        if self.extended_at is None:
            return False
        try:
            return clock.read(str(self.extended_at)).timestamp() < moment
        except ValueError:
            return False


class Records:
    """The table of one environment. Every call may raise the exceptions of boto3."""

    def __init__(self, clients: Clients, table: str) -> None:
        self._table = clients.dynamodb.Table(table)

    def read(self, cluster: str) -> Memory:
        """The current records of `cluster`."""
        jobs: list[Job] = []
        extension, extended_at, state = None, None, {}
        reports: dict[str, NodeReport] = {}
        for item in self._items(cluster):
            record = item[Table.RECORD]
            if record == Table.STATE:
                state = item
            elif record == Table.EXTENSION:
                extension, extended_at = str(item.get(Table.UNTIL, "")), item.get(Table.EXTENDED_AT)
            elif record.startswith(Table.JOB_PREFIX):
                jobs.append(_job(item))
            elif record.startswith(Table.NODE_PREFIX):
                reports[record.removeprefix(Table.NODE_PREFIX)] = NodeReport.of(item)
        return Memory(jobs=tuple(jobs), extension=extension, extended_at=extended_at, state=state, reports=reports)

    def remember_notification(self, cluster: str, about: str, what: str) -> bool:
        """Remember a notification about `cluster`. False: it was sent before, by this run or another.

        Args:
            cluster: the cluster's name.
            about: the subject. Only the last notification about it is remembered.
            what: the notification.
        """
        return self._update(
            cluster,
            "SET #notified = :what",
            condition="attribute_not_exists(#notified) OR #notified <> :what",
            names={"#notified": f"told_{about}"},
            values={":what": what},
        )

    def forget_notification(self, cluster: str, about: str, what: str) -> None:
        """Undo `remember_notification` after a failed delivery."""
        names, values = {"#notified": f"told_{about}"}, {":what": what}
        self._update(cluster, "REMOVE #notified", condition="#notified = :what", names=names, values=values)

    def count_cost(
        self, cluster: str, cost: Cost, *, counted_until: float | None, now: datetime, with_storage: bool = False
    ) -> bool:
        """Record the cost of `cluster` until `now`. False: another run has recorded it in the meantime.

        Args:
            cluster: the cluster's name.
            cost: the total, not the increment.
            counted_until: the recorded `cost_at` that `cost` was computed from. None: there was none.
            now: the end of the counted time.
            with_storage: True if `cost` includes its volumes and file systems until `now`. Default: False.
        """
        values: dict[str, Any] = {
            ":usd": Decimal(str(round(cost.usd_known - cost.usd_storage, 6))),
            ":now": Decimal(str(now.timestamp())),
            ":unknown": sorted(cost.unpriced),
            ":assumed": sorted(cost.assumed),
        }
        condition = "attribute_not_exists(#at)"
        if counted_until is not None:
            condition, values[":until"] = "#at = :until", Decimal(str(counted_until))
        names = {
            "#usd": Table.COST_USD,
            "#at": Table.COST_AT,
            "#unknown": Table.COST_UNKNOWN,
            "#assumed": Table.COST_ASSUMED,
        }
        change = "SET #usd = :usd, #at = :now, #unknown = :unknown, #assumed = :assumed"
        if with_storage:
            names |= {"#storage": Table.STORAGE_USD, "#stored": Table.STORAGE_AT}
            values[":storage"] = Decimal(str(round(cost.usd_storage, 6)))
            change += ", #storage = :storage, #stored = :now"
        return self._update(cluster, change, condition=condition, names=names, values=values)

    def add_spend(
        self, cluster: str, day: date, usd: float, *, tags: Mapping[str, str], unpriced: Iterable[str] = ()
    ) -> None:
        """Add to the cost of `cluster` on `day`.

        Args:
            cluster: the cluster's name.
            day: the day in UTC.
            usd: the additional cost, in USD.
            tags: the tags of the cluster.
            unpriced: its instance types with an unknown price. Default: none.
        """
        names = {
            "#usd": Table.SPEND_USD,
            "#name": Table.SPEND_CLUSTER,
            "#tags": Table.SPEND_TAGS,
            "#expire": Table.EXPIRE_AT,
        }
        expire = datetime.combine(day, time.min, tzinfo=timezone.utc) + timedelta(days=SPEND_KEPT_DAYS)
        values: dict[str, Any] = {
            ":usd": Decimal(str(round(usd, 6))),
            ":name": cluster,
            ":tags": {name: tags[name] for name in Tag.OF_SPEND if tags.get(name)},
            ":expire": int(expire.timestamp()),
        }
        added = "ADD #usd :usd"
        if unknown := set(unpriced):
            names["#unpriced"], values[":unpriced"] = Table.SPEND_UNPRICED, unknown
            added += ", #unpriced :unpriced"
        self._table.update_item(
            Key={
                Table.CLUSTER: f"{Table.SPEND_PREFIX}{day:%Y-%m}",
                Table.RECORD: f"{day.isoformat()}#{cluster}",
            },
            UpdateExpression=f"{added} SET #name = :name, #tags = :tags, #expire = :expire",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )

    def note_stopped(self, cluster: str, why: str, now: datetime) -> None:
        """Record that `cluster` was stopped."""
        self._update(
            cluster,
            "SET #at = :now, #why = :why",
            names={"#at": Table.STOPPED_AT, "#why": Table.STOPPED_WHY},
            values={":now": Decimal(str(now.timestamp())), ":why": why},
        )

    def note_unused(self, cluster: str, now: datetime | None) -> datetime:
        """Record that the file system of `cluster` is unused at `now`, or used again.

        Args:
            cluster: the cluster's name.
            now: the current time. None: it is used; the record is removed.

        Returns:
            The time since which it is recorded as unused.
        """
        key = {Table.CLUSTER: cluster, Table.RECORD: Table.STATE}
        names = {"#since": Table.UNUSED_SINCE}
        if now is None:
            self._update(cluster, "REMOVE #since", names=names, condition="attribute_exists(#since)")
            return datetime.min.replace(tzinfo=timezone.utc)
        answer = self._table.update_item(
            Key=key,
            UpdateExpression="SET #since = if_not_exists(#since, :now)",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues={":now": Decimal(str(now.timestamp()))},
            ReturnValues="ALL_NEW",
        )
        return datetime.fromtimestamp(float(answer["Attributes"][Table.UNUSED_SINCE]), tz=timezone.utc)

    @contextmanager
    def lease(self, cluster: str, now: datetime) -> Iterator[bool]:
        """A lease to stop `cluster`, for the duration of the block. Yields False if another run holds it."""
        mine = uuid.uuid4().hex
        names = {"#owner": _LEASE_OWNER, "#until": _LEASE_UNTIL}
        seconds = int(now.timestamp())
        held = self._update(
            cluster,
            "SET #owner = :mine, #until = :until",
            condition="attribute_not_exists(#owner) OR #until < :now",
            names=names,
            values={":mine": mine, ":until": seconds + _LEASE_SECONDS, ":now": seconds},
        )
        try:
            yield held
        finally:
            if held:
                with suppress(*FAILURES):  # The lease expires automatically.
                    values = {":mine": mine}
                    change = "REMOVE #owner, #until"
                    self._update(cluster, change, condition="#owner = :mine", names=names, values=values)

    def _items(self, cluster: str) -> Iterator[dict[str, Any]]:
        """All records of a cluster except those of its runs, of which it may have thousands."""
        of_cluster, record = Key(Table.CLUSTER).eq(cluster), Key(Table.RECORD)
        yield from self._pages(of_cluster & record.lt(Table.RUN_PREFIX))
        yield from self._pages(of_cluster & record.gt(f"{Table.RUN_PREFIX}{_LAST_CHARACTER}"))

    def _pages(self, condition: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401  boto3 is untyped
        # A job that started one second ago must be seen.
        arguments: dict[str, Any] = {"KeyConditionExpression": condition, "ConsistentRead": True}
        while True:
            page = self._table.query(**arguments)
            yield from page["Items"]
            if not page.get("LastEvaluatedKey"):
                return
            arguments["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _update(
        self,
        cluster: str,
        change: str,
        *,
        names: Mapping[str, str],
        values: Mapping[str, Any] | None = None,
        condition: str | None = None,
    ) -> bool:
        arguments: dict[str, Any] = {} if condition is None else {"ConditionExpression": condition}
        if values:
            arguments["ExpressionAttributeValues"] = values
        try:
            self._table.update_item(
                Key={Table.CLUSTER: cluster, Table.RECORD: Table.STATE},
                UpdateExpression=change,
                ExpressionAttributeNames=names,
                **arguments,
            )
        except ClientError as error:
            if error_code(error) == "ConditionalCheckFailedException":
                return False
            raise
        return True


def _job(item: Mapping[str, Any]) -> Job:
    return Job(
        job_id=item[Table.RECORD].removeprefix(Table.JOB_PREFIX),
        status=str(item.get(Table.JOB_STATUS, "")),
        name=str(item.get(Table.JOB_NAME, "")),
        heartbeat_at=epoch_seconds(item.get(Table.HEARTBEAT_AT)),
        started_at=epoch_seconds(item.get(Table.STARTED_AT)),
        ended_at=epoch_seconds(item.get(Table.ENDED_AT)),
        instance_id=str(item.get(Table.INSTANCE) or "") or None,
        progress_at=epoch_seconds(item.get(Table.PROGRESS_AT)),
        progress_timeout=_timeout(item.get(Table.PROGRESS_TIMEOUT)),
        keep_minutes=_minutes(item.get(Table.KEEP_MINUTES)),
    )


def _minutes(value: object) -> float | None:
    minutes = epoch_seconds(value)
    return None if minutes is None or minutes < 0 else minutes


def _timeout(value: object) -> float:
    seconds = epoch_seconds(value)
    return seconds if seconds is not None and seconds > 0 else PROGRESS_TIMEOUT_SECONDS
