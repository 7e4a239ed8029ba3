"""The place on a cluster: one run at a time, unless a user asks for more.

The item `run-place` of a cluster has the id of the last run that took the place. A new run takes it in the transaction
that writes its records, on condition that no other run has taken it since it was read. It is never released: a run that
has ended does not occupy it.
"""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from mlinfra.command import own_command
from mlinfra.errors import OperationError
from mlinfra.functions.clients import error_code
from mlinfra.functions.contract import Table
from mlinfra.operations.aws import aws_errors_explained
from mlinfra.operations.runs.history import RunFilter, list_runs_of
from mlinfra.operations.runs.run_table import RunTable
from mlinfra.runner import RunStatus
from mlinfra.runner.contract import STOP_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mlinfra.declarations import Environment
    from mlinfra.operations.runs.recorded_run import Run

_RECORD: Final = "run-place"
_RUN: Final = "run_id"
_MOST: Final = 20
_POLL_SECONDS: Final = 5.0
_CANCELLATION_SECONDS: Final = STOP_SECONDS + 60.0
"""The time in which nodes stop a cancelled run, and upload the outputs of most, in seconds."""


class Admission(Enum):
    """The way in which a run is submitted to a cluster on which other runs may be active."""

    ALONE = "alone"
    """It takes the place, and is refused while another run occupies it."""
    IN_TURN = "in turn"
    """It waits for the runs that were submitted before."""
    CONCURRENT = "concurrent"
    """It runs beside the others."""


@dataclass(frozen=True)
class Place:
    """The place on a cluster, as it was read."""

    table: RunTable
    partition: str
    seen: str | None
    """The last run that took it. None: none ever did."""
    admission: Admission = Admission.ALONE

    def take(self, run_id: str, puts: Sequence[Mapping[str, Any]]) -> None:
        """Write items in one transaction, which takes the place if the run is admitted alone.

        Raises:
            OperationError: if another run has taken it since it was read, or AWS refuses.
        """
        is_alone = self.admission is Admission.ALONE
        requests = [*puts, {"Update": self._update(run_id)}] if is_alone else [*puts]
        with aws_errors_explained():
            try:
                self.table.client.transact_write_items(TransactItems=requests)
            except ClientError as error:
                if error_code(error) != "TransactionCanceledException":
                    raise
                reasons = [each.get("Code") for each in error.response.get("CancellationReasons", ())]
                if not is_alone or reasons[-1:] not in (["ConditionalCheckFailed"], ["TransactionConflict"]):
                    raise
                message = (
                    f"Another run was submitted to {self.partition} at the same time, and has its nodes. Nothing was "
                    f"started. To see it: {own_command()} runs list"
                )
                raise OperationError(message) from None

    def _update(self, run_id: str) -> dict[str, Any]:
        condition = "attribute_not_exists(#run)" if self.seen is None else "#run = :seen"
        values = {":run": run_id} | ({} if self.seen is None else {":seen": self.seen})
        return {
            "TableName": self.table.name,
            "Key": {Table.CLUSTER: self.partition, Table.RECORD: _RECORD},
            "UpdateExpression": "SET #run = :run",
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {"#run": _RUN},
            "ExpressionAttributeValues": values,
        }


def find_place(table: RunTable, partition: str, experiment: str, *, admission: Admission = Admission.ALONE) -> Place:
    """The place on a cluster, if no run occupies it or the new run does not need it.

    Args:
        table: the records of the environment.
        partition: the name of the cluster.
        experiment: its experiment.
        admission: the way in which the new run is submitted. Default: alone.

    Raises:
        OperationError: if the new run is submitted alone and another run occupies the place, with its command and the
            principal that submitted it; or AWS refuses.
    """
    # First: a run that takes the place after this read makes the transaction fail.
    seen = table.item(partition, _RECORD).get(_RUN)
    occupants = active_runs(table, partition, experiment)
    if occupants and admission is Admission.ALONE:
        raise OperationError(_occupied(table, partition, occupants))
    return Place(table, partition, None if seen is None else str(seen), admission)


def active_runs(table: RunTable, partition: str, experiment: str) -> list[Run]:
    """The runs of a cluster that have not ended, the newest first."""
    wanted = RunFilter(experiment=experiment, statuses=RunStatus.ACTIVE)
    return [each for each in list_runs_of(table, wanted, limit=_MOST).runs if each.partition == partition]


def expect_no_active_run(
    environment: Environment,
    experiment: str,
    *,
    say: Callable[[str], None],
    seconds: float = _CANCELLATION_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Check that no run needs the cluster of an experiment, also none that waits for its nodes or for another run.

    The end of runs that were cancelled is waited for: their nodes stop the command and upload its outputs.

    Args:
        environment: the environment of the cluster.
        experiment: the experiment.
        say: receives the reason for the wait.
        seconds: the longest wait, in seconds. Default: 180.
        sleep: waits for a number of seconds.

    Raises:
        OperationError: if a run needs it. Records that cannot be read are ignored here: the stop itself reads them too.
    """
    left = seconds
    while True:
        active: list[Run] = []
        with suppress(OperationError):
            table = RunTable(environment)
            partition = environment.names.cluster_named(experiment)
            active = active_runs(table, partition, experiment)
        if not active:
            return
        needing = [each for each in active if each.cancelled_at is None]
        if needing or left <= 0:
            raise OperationError(_needed(experiment, (needing or active)[-1]))
        if left == seconds:
            say(f"The run {active[-1].run_id} was cancelled, and its nodes are stopping it")
        sleep(_POLL_SECONDS)
        left -= _POLL_SECONDS


def _needed(experiment: str, run: Run) -> str:
    to_cancel = f"To cancel it: {own_command()} runs cancel {run.run_id}; to stop"
    if run.cancelled_at is not None:
        to_cancel = "It was cancelled, and its nodes have not recorded its end. Try again; to stop"
    return (
        f"The cluster of {experiment!r} is needed by the run {run.run_id} ({run.command[:80]}), {run.status}, "
        f"submitted by {run.submitted_by or 'unknown'}. Nothing was changed. {to_cancel} the cluster, and lose what is "
        f"running on it: --force"
    )


def _occupied(table: RunTable, partition: str, occupants: list[Run]) -> str:
    first = occupants[0]
    since = f" since {first.submitted_at:%Y-%m-%d %H:%M} UTC" if first.submitted_at else ""
    others = f", and {len(occupants) - 1} more" if len(occupants) > 1 else ""
    mine = "you" if first.submitted_by == table.account.caller else first.submitted_by or "unknown"
    return (
        f"{partition} is occupied: {first.run_id} ({first.command[:80]}), {first.status}{since}, submitted by "
        f"{mine}{others}. Nothing was started. To follow it: {own_command()} runs logs {first.run_id}; to "
        f"cancel it: {own_command()} runs cancel {first.run_id}; to run after it: --in-turn; to run beside it on "
        f"the same GPUs: --concurrent"
    )
