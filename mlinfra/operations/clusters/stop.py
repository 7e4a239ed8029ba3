"""Stop of training clusters by a person or a pipeline."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mlinfra.errors import OperationError
from mlinfra.functions import stopping
from mlinfra.functions.activity import Verdict
from mlinfra.functions.clients import FAILURES, error_code
from mlinfra.functions.cost_counting import count_cost
from mlinfra.functions.decision import not_released
from mlinfra.functions.fleet import DescribeFailedError
from mlinfra.operations.aws import aws_errors_explained
from mlinfra.operations.clusters.ended_jobs import REPORTED, last_end, running_jobs
from mlinfra.operations.clusters.inventory import TABLE_NOT_FOUND, ClusterAccount

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.declarations import Environment
    from mlinfra.functions.activity import Evidence
    from mlinfra.functions.assessment import Assessment
    from mlinfra.functions.fleet import Target
    from mlinfra.operations.clusters.inventory import Cluster

_ROUNDS = 3
"""The number of times that a group is described again and its nodes are terminated."""
_IN_USE = frozenset({Verdict.BUSY, Verdict.UNKNOWN})
_LATE = timedelta(minutes=1)
_LONGEST_WAIT_SECONDS = 150.0
"""The time after the end of a run within which its nodes record and report the end of its job, and a bit more, in
seconds."""
_POLL_SECONDS = 10.0


@dataclass(frozen=True)
class ClusterStop:
    """The effect of `stop_cluster`."""

    cluster: Cluster
    """Its state after the call."""
    terminated: int
    """The number of nodes that were terminated directly, regardless of their protection from scale-in."""
    protected: tuple[str, ...] = ()
    """The ids of the nodes that are still protected from scale-in: they keep running until their node guards remove the
    protection, within about a minute."""
    not_recorded: str | None = None
    """The reason why the stop was not recorded. None: it was recorded."""


class JobJustEndedError(OperationError):
    """A cluster is in use according to records or reports from before the end of its last job. The next ones are due.

    The records are those of a job whose run has ended: its nodes record the end of the job after that of the run.
    """

    def __init__(self, message: str, reason: str) -> None:
        """The error with the reason, which is the message without its remedy."""
        super().__init__(message)
        self.reason = reason


def stop_cluster_once_reported(
    environment: Environment,
    experiment: str,
    *,
    say: Callable[[str], None],
    seconds: float = _LONGEST_WAIT_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
) -> ClusterStop:
    """Stop an experiment's cluster as `stop_cluster`, and wait for reports of its nodes if its job has just ended.

    Args:
        environment: the environment of the cluster.
        experiment: the experiment's name.
        say: receives the reason for the wait, each time that it has changed.
        seconds: the longest wait, in seconds. Default: 150.
        sleep: waits for a number of seconds.

    Raises:
        OperationError: as `stop_cluster`.
    """
    left, said = seconds, ""
    while True:
        try:
            return stop_cluster(environment, experiment)
        except JobJustEndedError as error:
            if left <= 0:
                raise
            if error.reason != said:
                say(error.reason)
            said = error.reason
        sleep(_POLL_SECONDS)
        left -= _POLL_SECONDS


def stop_cluster(environment: Environment, experiment: str, *, force: bool = False) -> ClusterStop:
    """Stop an experiment's cluster. The volumes of its nodes are kept for the environment's `volume_grace_days`.

    After the end of a job, only activity since then prevents it, and no pause for a next job.

    The stop does not depend on the records: if it cannot be recorded, the result contains the reason.

    Idle nodes that are protected from scale-in by a silent node guard are terminated, as the functions do: nothing else
    would remove the protection. A live guard removes it itself; if its cluster is stopped a second time, its idle
    nodes are terminated too.

    Args:
        environment: the environment of the cluster.
        experiment: the experiment's name.
        force: True: terminate all nodes although a job is or may be running. The job is lost. Default: False.

    Raises:
        JobJustEndedError: if it is in use according to its nodes, and its last job ended within the last two minutes,
            or all jobs that are reported as running belong to runs that have ended.
        OperationError: if there is no such cluster, a job is or may be running and `force` is False, or AWS refuses.
    """
    account = ClusterAccount(environment)
    seen = account.cluster_of(experiment)
    evidence = seen.evidence
    if evidence.verdict in _IN_USE:
        evidence = account.evidence_since_last_job(seen) or evidence
    if evidence.verdict in _IN_USE and not force:
        raise _in_use(account, experiment, seen, evidence)
    grace = timedelta(days=environment.volume_grace_days)
    if force:
        terminated = _terminate_all(account, seen.target, grace)
    else:
        ids = {each.instance_id for each in seen.target.nodes if each.protected}
        # The guards of nodes keep their protection for the pause after a job.
        ids &= evidence.idle_nodes if evidence is not seen.evidence else not_released(seen.target, evidence)
        _stop(account, seen.target, grace, ids)
        terminated = len(ids)
    not_recorded = _record_stop(account, seen.target)
    after = account.cluster_of(experiment)
    protected = tuple(node.instance_id for node in after.target.nodes if node.protected)
    return ClusterStop(account.describe(after), terminated, protected, not_recorded)


def _in_use(account: ClusterAccount, experiment: str, seen: Assessment, evidence: Evidence) -> OperationError:
    activity = "is in use" if evidence.verdict is Verdict.BUSY else "may be in use"
    reason = f"The cluster of {experiment!r} {activity}: {evidence.reason}"
    if running_jobs(seen, account.now):
        has_just_ended = account.runs_of_running_jobs_have_ended(seen)
        reason += ", although its run has ended" if has_just_ended else ""
    else:
        ended = last_end(seen)
        has_just_ended = ended is not None and account.now - ended < REPORTED + _LATE
    message = f"{reason}. Nothing was changed. To stop it and lose what is running on it: --force"
    return JobJustEndedError(message, reason) if has_just_ended else OperationError(message)


def _stop(account: ClusterAccount, target: Target, grace: timedelta, terminate: set[str]) -> None:
    """Set the size of a group to zero, and terminate the nodes `terminate`.

    Raises:
        OperationError: if AWS refuses, with the resulting state.
    """
    try:
        with aws_errors_explained():
            stopping.stop(account.clients, target, account.now, grace, terminate=terminate)
    except OperationError as reason:
        message = _not_terminated(account, target, reason)
        raise OperationError(message) from reason


def _terminate_all(account: ClusterAccount, target: Target, grace: timedelta) -> int:
    """Set the size of a group to zero, and terminate all of its nodes. Returns their number.

    A guard that protects its node again between the calls has no effect: protection from scale-in does not cover
    TerminateInstances (EC2 Auto Scaling user guide, "Use instance scale-in protection", read 2026-11-24). A launch that
    had begun before the size was zero can add a node after the group was described, so that it is described again.
    """
    terminated: set[str] = set()
    for _ in range(_ROUNDS):
        ids = {node.instance_id for node in target.nodes}
        _stop(account, target, grace, ids)
        terminated |= ids
        current = _described(account, target.name)
        if current is None or not current.nodes:
            break
        target = current
    return len(terminated)


def _not_terminated(account: ClusterAccount, target: Target, reason: OperationError) -> str:
    current = _described(account, target.name)
    if current is None or current.desired:
        return f"{reason} The size of {target.name} was not changed, and its nodes keep running."
    return (
        f"{reason} The size of {target.name} is zero, but {len(current.nodes)} of its nodes are still in the group. "
        f"Protected nodes keep running, and incur charges, until their node guards remove the protection. With the "
        f"permission ec2:TerminateInstances, run the same command again."
    )


def _described(account: ClusterAccount, name: str) -> Target | None:
    """The current state of a group. None: it does not exist.

    Raises:
        OperationError: if AWS does not describe it.
    """
    try:
        return account.fleet.group(name)
    except DescribeFailedError as error:
        message = f"The size of {name} was changed, but its nodes could not be described. Run the same command again."
        raise OperationError(message, details=str(error)) from error


def _record_stop(account: ClusterAccount, target: Target) -> str | None:
    """Record the stop and the cost until now. Returns the reason why that failed; None: it did not."""
    try:
        account.records.note_stopped(target.name, f"{account.account.caller} stopped it", account.now)
    except FAILURES as error:
        if error_code(error) == TABLE_NOT_FOUND:
            return account.no_shutdown
        return f"the record could not be written to {account.environment.names.records_table}: {error}"
    count_cost(account.records, target, account.now)
    return None
