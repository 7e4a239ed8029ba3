"""Notices: what needs attention, and the command that attends to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from mlinfra.command import own_command
from mlinfra.functions.activity import Verdict
from mlinfra.functions.contract import Table, epoch_seconds
from mlinfra.runner import RunStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from mlinfra.operations.clusters import Cluster
    from mlinfra.operations.runs import Run, RunTable
    from mlinfra.operations.status.services import EndpointStatus, QueueStatus

_RECENT: Final = timedelta(days=1)
_LONG_WAIT: Final = timedelta(minutes=30)
_EXPIRIES: Final = frozenset({"expiring", "in-grace", "expired"})


@dataclass(frozen=True)
class Notice:
    """A condition that needs attention."""

    subject: str
    """The name of the cluster, run, queue or endpoint."""
    text: str
    """The condition, in a sentence that follows the subject."""
    action: str | None = None
    """The command that attends to it. None: there is none."""


def cluster_notices(clusters: Iterable[Cluster]) -> Iterator[Notice]:
    """Idle, expiring, failing and unprotected clusters."""
    for each in clusters:
        command = f"{own_command()} clusters"
        arguments = f"{each.environment} {each.experiment}"
        if each.nodes and each.work is Verdict.IDLE and each.experiment:
            idle = "" if each.idle_minutes is None else f" for {each.idle_minutes} minutes"
            yield Notice(each.experiment, f"is idle{idle}", f"{command} stop {arguments}")
        for mark in each.marks:
            # A cluster that has expired and is stopped costs nothing.
            if mark.kind == "expired" and not each.nodes:
                continue
            is_extensible = mark.kind in _EXPIRIES and each.experiment  # other groups have no such command
            action = f"{command} extend {arguments} --until DATE" if is_extensible else None
            yield Notice(each.experiment or each.name, mark.text, action)
        for problem in each.problems:
            yield Notice(each.experiment or each.name, problem)


def interruption_notices(table: RunTable, clusters: Iterable[Cluster], now: datetime) -> Iterator[Notice]:
    """Nodes that EC2 has announced to terminate.

    Raises:
        OperationError: if the records cannot be read.
    """
    for each in clusters:
        for item in table.items(each.name, Table.NOTICE_PREFIX) if each.nodes else ():
            ends_at = epoch_seconds(item.get(Table.ENDS_AT))
            if ends_at is not None and ends_at > now.timestamp():
                node = str(item[Table.RECORD]).removeprefix(Table.NOTICE_PREFIX)
                seconds = int(ends_at - now.timestamp())
                reason = f" ({item[Table.REASON]})" if item.get(Table.REASON) else ""
                yield Notice(each.experiment or each.name, f"EC2 terminates {node} in {seconds} seconds{reason}")


def run_notices(runs: Iterable[Run], now: datetime) -> Iterator[Notice]:
    """Runs that are lost, have failed in the last 24 hours, or wait for long."""
    for each in runs:
        command = f"{own_command()} runs"
        reason = f": {each.reason}" if each.reason else ""
        if each.status == RunStatus.LOST:
            yield Notice(each.run_id, f"is lost{reason}", f"{command} show {each.run_id}")
        elif each.status == RunStatus.FAILED and each.ended_at and now - each.ended_at <= _RECENT:
            code = "" if each.exit_code is None else f" with exit code {each.exit_code}"
            rank = "" if not each.failed_rank else f" --rank {each.failed_rank}"
            yield Notice(each.run_id, f"failed{code}{reason}", f"{command} logs {each.run_id}{rank}")
        elif each.status == RunStatus.WAITING and each.submitted_at and now - each.submitted_at > _LONG_WAIT:
            minutes = int((now - each.submitted_at) / timedelta(minutes=1))
            yield Notice(each.run_id, f"has waited for {minutes} minutes{reason}", f"{command} show {each.run_id}")


def service_notices(queues: Iterable[QueueStatus], endpoints: Iterable[EndpointStatus]) -> Iterator[Notice]:
    """Disabled queues and failed endpoints."""
    for queue in queues:
        if queue.state == "disabled":
            yield Notice(queue.name, "is a queue with disabled job queues: its jobs do not start")
    for endpoint in endpoints:
        if endpoint.status in {"Failed", "UpdateRollbackFailed", "OutOfService"}:
            yield Notice(endpoint.name, f"is an endpoint in the status {endpoint.status}")
