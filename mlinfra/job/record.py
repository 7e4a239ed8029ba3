"""The record of a job in the environment's table."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlinfra.functions.contract import JobKey, JobStatus, Table, is_heartbeat_fresh

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.job.aws_clock import AwsClock
    from mlinfra.job.main_thread import MainThread
    from mlinfra.job.outcome import Outcome
    from mlinfra.job.progress import Progress

_KEPT_SECONDS = 90 * 24 * 60 * 60


@dataclass(frozen=True)
class RunningJob:
    """Another job of the cluster that counts as running."""

    record_id: str
    instance_id: str | None

    def may_be_on(self, instance_id: str | None) -> bool:
        """True if it uses this node, or if its record does not name its node."""
        return self.instance_id in {None, instance_id}

    def is_part_of(self, job_id: str) -> bool:
        """True if it is another node of the job `job_id`."""
        return self.record_id == job_id or self.record_id.startswith(f"{job_id}#")


class JobRecord:
    """One record, written completely at every heartbeat, so that a lost heartbeat does no harm."""

    def __init__(
        self,
        table: Any,  # noqa: ANN401  boto3 has no types
        clock: AwsClock,
        key: JobKey,
        *,
        name: str,
        instance_id: str | None,
        progress: Progress | None = None,
        main_thread: MainThread | None = None,
        keep_minutes: int | None = None,
    ) -> None:
        self._table = table
        self._clock = clock
        self._key = key
        self._attributes = {Table.JOB_NAME: name} | ({Table.INSTANCE: instance_id} if instance_id else {})
        self._progress = progress
        self._main_thread = main_thread
        self._keep = {} if keep_minutes is None else {Table.KEEP_MINUTES: keep_minutes}
        self._begun = time.monotonic()
        self._started_at: int | None = None

    def beat(self) -> None:
        """Record that the job is running, its last progress, and the last response of its main thread."""
        progress = self._progress_values()
        unresponsive = self._main_thread.ask() if self._main_thread else None
        responded = {} if unresponsive is None else {Table.RESPONDED_AT: self._now() - int(unresponsive)}
        # Without progress yet, that of an earlier run with the same id is removed: the job would count as hung.
        earlier = () if progress else (Table.PROGRESS_AT, Table.PROGRESS_STEP, Table.PROGRESS_TIMEOUT)
        removed = (
            Table.ENDED_AT,
            Table.REASON,
            Table.KEEP_MINUTES,
            *earlier,
            *(() if responded else (Table.RESPONDED_AT,)),
        )
        self._write({Table.JOB_STATUS: JobStatus.RUNNING, **progress, **responded}, without=removed)

    def end(self, outcome: Outcome) -> None:
        """Record the outcome of the job."""
        reason = {Table.REASON: outcome.reason} if outcome.reason else {}
        self._write(
            {
                Table.JOB_STATUS: outcome.status,
                Table.ENDED_AT: self._now(),
                **self._progress_values(),
                **self._keep,
                **reason,
            }
        )

    def others(self) -> list[RunningJob]:
        """The other jobs of the cluster that count as running: their heartbeat is fresh, or invalid."""
        pages = self._table.meta.client.get_paginator("query").paginate(
            TableName=self._table.name,
            ConsistentRead=True,
            KeyConditionExpression="#cluster = :cluster AND begins_with(#record, :jobs)",
            FilterExpression="#status = :running",
            ExpressionAttributeNames={
                "#cluster": Table.CLUSTER,
                "#record": Table.RECORD,
                "#status": Table.JOB_STATUS,
            },
            ExpressionAttributeValues={
                ":cluster": self._key.cluster,
                ":jobs": Table.JOB_PREFIX,
                ":running": JobStatus.RUNNING,
            },
        )
        own = self._key.item[Table.RECORD]
        return [
            RunningJob(str(item[Table.RECORD]).removeprefix(Table.JOB_PREFIX), item.get(Table.INSTANCE))
            for page in pages
            for item in page["Items"]
            if item[Table.RECORD] != own and is_heartbeat_fresh(item.get(Table.HEARTBEAT_AT), self._clock.now())
        ]

    def _progress_values(self) -> dict[str, Any]:
        """The attributes of the last progress. Empty: there was none."""
        last = self._progress.last if self._progress else None
        if self._progress is None or last is None:
            return {}
        age, step = last
        return {
            Table.PROGRESS_AT: self._now() - int(age),
            Table.PROGRESS_STEP: step,
            Table.PROGRESS_TIMEOUT: int(self._progress.timeout_seconds),
        }

    def _now(self) -> int:
        if not self._clock.is_set:
            # Requested before the first record is written, so that no record contains a time of the node.
            # botocore's errors are not imported here: this module loads without it.
            with suppress(self._table.meta.client.exceptions.ClientError):
                self.others()
        return self._clock.now()

    def _write(self, values: Mapping[str, Any], *, without: tuple[str, ...] = ()) -> None:
        now = self._now()
        self._started_at = self._started_at or now - int(time.monotonic() - self._begun)
        values = {
            **self._attributes,
            Table.STARTED_AT: self._started_at,
            Table.HEARTBEAT_AT: now,
            Table.EXPIRE_AT: now + _KEPT_SECONDS,
            **values,
        }
        # Every name goes through a placeholder: `status` is a reserved word of DynamoDB.
        changes = "SET " + ", ".join(f"#{name} = :{name}" for name in values)
        removals = " REMOVE " + ", ".join(f"#{name}" for name in without) if without else ""
        self._table.update_item(
            Key=self._key.item,
            UpdateExpression=changes + removals,
            ExpressionAttributeNames={f"#{name}": name for name in (*values, *without)},
            ExpressionAttributeValues={f":{name}": value for name, value in values.items()},
        )
