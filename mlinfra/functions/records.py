"""The table that jobs and functions share: what is remembered of a cluster, and who may change it."""

from __future__ import annotations

import math
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Key
from botocore.exceptions import ClientError

from mlinfra.functions import clock
from mlinfra.functions.clients import FAILURES, error_code
from mlinfra.functions.contract import HEARTBEAT_FRESH_SECONDS, JobStatus, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from mlinfra.functions.clients import Clients
    from mlinfra.functions.cost import Cost

_LEASE_SECONDS = 5 * 60
"""How long a cluster stays with a run that died while it stopped it."""
_CLOCK_SKEW = timedelta(minutes=5)
"""How far the clock of whoever wrote a record may be behind that of AWS."""
_LEASE_OWNER = "stopping_by"
_LEASE_UNTIL = "stopping_until"


@dataclass(frozen=True)
class Job:
    """A training job, as `mlinfra.job` wrote it."""

    job_id: str
    status: str = JobStatus.RUNNING
    name: str = ""
    heartbeat_at: float | None = None
    """Epoch seconds; None: there is none, or it cannot be read."""
    started_at: float | None = None
    """Epoch seconds; None: there is none, or it cannot be read."""

    def may_be_running(self, now: datetime) -> bool:
        """Whether it says that it runs and did so a short time ago, or at a time that nobody can tell.

        A heartbeat from the future is fresh: some clock is wrong, and the job may be well.
        """
        if self.status in {JobStatus.COMPLETED, JobStatus.FAILED}:
            return False
        return self.heartbeat_at is None or self.heartbeat_at >= now.timestamp() - HEARTBEAT_FRESH_SECONDS


@dataclass(frozen=True)
class Memory:
    """All that the table knows of one cluster."""

    jobs: tuple[Job, ...] = ()
    extension: str | None = None
    """The later last day that somebody asked for, as 2026-12-18."""
    extended_at: str | None = None
    """When somebody asked for it, as 2026-11-26T14:00:00Z; None: it does not say."""
    state: Mapping[str, Any] = field(default_factory=dict)

    @property
    def stopped_at(self) -> float | None:
        """When a function last stopped it, in epoch seconds."""
        return _seconds(self.state.get(Table.STOPPED_AT))

    def since(self, made: datetime | None) -> Memory:
        """What is remembered of the group that was made at that moment, and not of an earlier one of its name.

        What an earlier one has cost, and how long it was allowed to live, is nothing to the one that stands now.

        Args:
            made: when it was made; None: nobody knows, and everything counts.
        """
        if made is None:
            return self
        begin = (made - _CLOCK_SKEW).timestamp()
        counted = _seconds(self.state.get(Table.COST_AT))
        state = dict(self.state)
        if counted is not None and counted < begin:
            for name in (Table.COST_USD, Table.COST_AT, Table.COST_UNKNOWN):
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
    """The table of one environment. Every call may raise what boto3 raises."""

    def __init__(self, clients: Clients, table: str) -> None:
        self._table = clients.dynamodb.Table(table)

    def read(self, cluster: str) -> Memory:
        """What is known of `cluster` this very moment."""
        jobs: list[Job] = []
        extension, extended_at, state = None, None, {}
        for item in self._items(cluster):
            record = item[Table.RECORD]
            if record == Table.STATE:
                state = item
            elif record == Table.EXTENSION:
                extension, extended_at = str(item.get(Table.UNTIL, "")), item.get(Table.EXTENDED_AT)
            elif record.startswith(Table.JOB_PREFIX):
                jobs.append(_job(item))
        return Memory(jobs=tuple(jobs), extension=extension, extended_at=extended_at, state=state)

    def remember_telling(self, cluster: str, about: str, what: str) -> bool:
        """Remember that `what` is told about `cluster`; False: it was told before, by this run or another.

        Args:
            cluster: whose state it is.
            about: the subject, of which only the last thing told is remembered.
            what: what is told.
        """
        return self._update(
            cluster,
            "SET #told = :what",
            condition="attribute_not_exists(#told) OR #told <> :what",
            names={"#told": f"told_{about}"},
            values={":what": what},
        )

    def forget_telling(self, cluster: str, about: str, what: str) -> None:
        """Take back what `remember_telling` remembered: nobody was reached."""
        names, values = {"#told": f"told_{about}"}, {":what": what}
        self._update(cluster, "REMOVE #told", condition="#told = :what", names=names, values=values)

    def count_cost(self, cluster: str, cost: Cost, *, counted_until: float | None, now: datetime) -> bool:
        """Write what `cluster` has cost until `now`; False: another run has counted meanwhile.

        Args:
            cluster: whose cost it is.
            cost: all of it, not only what is new.
            counted_until: the `cost_at` that `cost` was reckoned from; None: there was none.
            now: until when it is counted.
        """
        values: dict[str, Any] = {
            ":usd": Decimal(str(round(cost.usd_known, 6))),
            ":now": Decimal(str(now.timestamp())),
            ":unknown": sorted(cost.unpriced),
        }
        condition = "attribute_not_exists(#at)"
        if counted_until is not None:
            condition, values[":until"] = "#at = :until", Decimal(str(counted_until))
        names = {"#usd": Table.COST_USD, "#at": Table.COST_AT, "#unknown": Table.COST_UNKNOWN}
        change = "SET #usd = :usd, #at = :now, #unknown = :unknown"
        return self._update(cluster, change, condition=condition, names=names, values=values)

    def note_stopped(self, cluster: str, why: str, now: datetime) -> None:
        """Write that `cluster` was stopped."""
        self._update(
            cluster,
            "SET #at = :now, #why = :why",
            names={"#at": Table.STOPPED_AT, "#why": Table.STOPPED_WHY},
            values={":now": Decimal(str(now.timestamp())), ":why": why},
        )

    @contextmanager
    def lease(self, cluster: str, now: datetime) -> Iterator[bool]:
        """Whether this run alone may stop `cluster`, until the end of the block."""
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
                with suppress(*FAILURES):  # It ends by itself.
                    values = {":mine": mine}
                    change = "REMOVE #owner, #until"
                    self._update(cluster, change, condition="#owner = :mine", names=names, values=values)

    def _items(self, cluster: str) -> Iterator[dict[str, Any]]:
        arguments: dict[str, Any] = {
            "KeyConditionExpression": Key(Table.CLUSTER).eq(cluster),
            # A job that started a second ago counts.
            "ConsistentRead": True,
        }
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
        values: Mapping[str, Any],
        condition: str | None = None,
    ) -> bool:
        arguments: dict[str, Any] = {} if condition is None else {"ConditionExpression": condition}
        try:
            self._table.update_item(
                Key={Table.CLUSTER: cluster, Table.RECORD: Table.STATE},
                UpdateExpression=change,
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
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
        heartbeat_at=_seconds(item.get(Table.HEARTBEAT_AT)),
        started_at=_seconds(item.get(Table.STARTED_AT)),
    )


def _seconds(value: object) -> float | None:
    try:
        seconds = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return seconds if math.isfinite(seconds) else None
