"""Cancellation of runs."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from mlinfra.errors import OperationError
from mlinfra.operations.aws import aws_errors_explained
from mlinfra.operations.runs.history import find_run_in, reread_run
from mlinfra.operations.runs.run_table import RunTable
from mlinfra.runner import RunAttribute, RunStatus

if TYPE_CHECKING:
    from mlinfra.declarations import Environment
    from mlinfra.operations.runs.recorded_run import Run

_NAMES: Final = {
    "#status": RunAttribute.STATUS,
    "#by": RunAttribute.CANCELLED_BY,
    "#at": RunAttribute.CANCELLED_AT,
}
_ACTIVE: Final = {f":active{number}": status for number, status in enumerate(RunStatus.ACTIVE)}
_IS_ACTIVE: Final = f"#status IN ({', '.join(_ACTIVE)})"


@dataclass(frozen=True)
class Cancellation:
    """The effect of `cancel_run`."""

    run: Run
    """Its state after the call."""
    nodes: int
    """The number of nodes that still have to stop it; 0: it has ended."""
    repeated: bool = False
    """True if it was cancelled before, and its nodes have not stopped yet."""


def cancel_run(environment: Environment, wanted: str, *, force: bool = False) -> Cancellation:
    """Cancel a run: its nodes stop the command with SIGTERM, upload its outputs, and record the end.

    A run that no node reports has ended at once, so that no node starts it later.

    Args:
        environment: its environment.
        wanted: its id, as in `find_run`.
        force: True: cancel it although another principal submitted it. Default: False.

    Raises:
        OperationError: if there is no such run, it has ended, another principal submitted it and `force` is False, or
            AWS refuses.
    """
    table = RunTable(environment)
    run = find_run_in(table, wanted)
    if run.has_ended:
        when = f" at {run.ended_at:%Y-%m-%d %H:%M:%S} UTC" if run.ended_at else ""
        message = f"The run {run.run_id} has ended already: {run.status}{when}. Nothing was changed."
        raise OperationError(message)
    if run.submitted_by not in {None, table.account.caller} and not force:
        message = (
            f"The run {run.run_id} was submitted by {run.submitted_by}, and you are {table.account.caller}. Nothing "
            f"was changed. To cancel it all the same: --force"
        )
        raise OperationError(message)
    repeated = run.cancelled_at is not None
    if not repeated and not _request(table, run):
        return _ended_meanwhile(table, run)
    if run.batch_job is not None:
        _terminate_job(table, run)
    after = reread_run(table, run)
    if not after.has_ended and not after.living:
        reason = f"cancelled by {after.cancelled_by or table.account.caller}"
        table.end(after, RunStatus.CANCELLED, reason, only_if=RunStatus.ACTIVE)
        after = reread_run(table, run)
    return Cancellation(after, 0 if after.has_ended else len(after.living), repeated)


def _request(table: RunTable, run: Run) -> bool:
    """Record the request. False: the run has ended or was cancelled in the meantime."""
    values: dict[str, Any] = {":by": table.account.caller, ":at": Decimal(str(table.now.timestamp())), **_ACTIVE}
    return table.update(
        run,
        "SET #by = :by, #at = :at",
        condition=f"{_IS_ACTIVE} AND attribute_not_exists(#at)",
        names=_NAMES,
        values=values,
    )


def _ended_meanwhile(table: RunTable, run: Run) -> Cancellation:
    after = reread_run(table, run)
    if not after.has_ended:
        return Cancellation(after, len(after.living), repeated=True)
    message = f"The run {run.run_id} ended in the meantime: {after.status}. Nothing was changed."
    raise OperationError(message)


def _terminate_job(table: RunTable, run: Run) -> None:
    """End the job of a run: one that has not started yet is cancelled, and a container receives SIGTERM.

    Source: Batch API reference, "TerminateJob", read 2026-11-29. Its reason has at most 1,024 characters.
    """
    reason = f"mlinfra: the run {run.run_id} was cancelled by {table.account.caller}"
    with aws_errors_explained():
        client = table.account.client("batch")
        # AWS Batch forgets jobs about a week after their end.
        if client.describe_jobs(jobs=[run.batch_job])["jobs"]:
            client.terminate_job(jobId=run.batch_job, reason=reason)
