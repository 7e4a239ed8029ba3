"""Start, stop and extension of training clusters."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from mlinfra.command import deploy_command, own_command
from mlinfra.declarations import spend_problems
from mlinfra.errors import OperationError
from mlinfra.functions import clock
from mlinfra.functions.clients import FAILURES, error_code
from mlinfra.functions.contract import Table, Tag, removed_file_systems
from mlinfra.functions.file_systems import delete_mark
from mlinfra.functions.launches import LAUNCH, is_by_user
from mlinfra.functions.remedies import resume_command
from mlinfra.operations.aws import aws_errors_explained
from mlinfra.operations.clusters.capacity import reserved_capacity
from mlinfra.operations.clusters.inventory import TABLE_NOT_FOUND, ClusterAccount
from mlinfra.operations.clusters.marks import is_over_limit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.declarations import Environment, Experiment
    from mlinfra.functions.assessment import Assessment
    from mlinfra.operations.clusters.capacity import CapacityWait
    from mlinfra.operations.clusters.inventory import Cluster


@dataclass(frozen=True)
class ClusterStart:
    """The effect of `start_cluster`."""

    cluster: Cluster
    """Its state after the call."""
    resumed: str | None = None
    """The reason for which AWS had suspended launching, which was resumed. None: it was not suspended."""
    one_by_one: str | None = None
    """The reason for which its nodes may be launched one by one, as a clause. None: they are launched together, or need
    not be."""


def start_cluster(environment: Environment, experiment: str, *, capacity: CapacityWait | None = None) -> ClusterStart:
    """Request all nodes of an experiment's cluster. Launching that AWS suspended is resumed.

    On-demand nodes that work together are launched together, if EC2 has capacity for all of them.

    If the janitor removed its file system, the next deploy is allowed to create it again.

    Args:
        environment: the environment.
        experiment: the name of the experiment.
        capacity: the wait while EC2 has no capacity for all nodes together. Default: none, so that EC2 Auto Scaling
            launches those for which there is capacity, and tries again for the others.

    Raises:
        OperationError: if there is no such cluster, it has expired or exceeds its spend limit, so that it would be
            stopped again, the experiments would exceed a spend limit of the environment, its file system was removed,
            a user suspended launching, or EC2 had no capacity for all nodes during the wait.
    """
    account = ClusterAccount(environment)
    seen = account.cluster_of(experiment)
    _refuse_over_limit(account, seen, experiment)
    if seen.expiry.is_expired(account.now):
        message = (
            f"The cluster of {experiment!r} expired at the end of {_last_day(seen.expiry.at)}. Extend it first: "
            f"{own_command()} clusters extend {environment.name} {experiment} --until DATE"
        )
        raise OperationError(message)
    _refuse_above_limits(account, experiment, seen.expiry.at, "started")
    nodes = seen.target.tags.get(Tag.NODES, "")
    if not nodes.isdecimal() or not int(nodes):
        message = (
            f"The number of nodes of {seen.target.name} is unknown: its tag {Tag.NODES} is {nodes!r}, and must be a "
            f"number. Deploy its stack again, which sets the tag."
        )
        raise OperationError(message)
    suspension = seen.target.suspended.get(LAUNCH)
    if suspension is not None and is_by_user(suspension):
        message = (
            f"Launching is suspended for {seen.target.name} ({suspension}), so that no node would be launched. Nothing "
            f"was changed. To resume it: {resume_command(seen.target, LAUNCH, account.clients.region)}"
        )
        raise OperationError(message)
    if Tag.KEEP_HOURS in seen.target.tags:
        _expect_file_system(account, experiment)
    with aws_errors_explained():
        if suspension is not None:
            # First, so that nodes are not requested in vain where the permission is missing.
            account.clients.autoscaling.resume_processes(
                AutoScalingGroupName=seen.target.name, ScalingProcesses=[LAUNCH]
            )
        with reserved_capacity(account, seen, int(nodes), capacity) as one_by_one:
            account.clients.autoscaling.set_desired_capacity(
                AutoScalingGroupName=seen.target.name, DesiredCapacity=int(nodes), HonorCooldown=False
            )
    return ClusterStart(account.describe(account.cluster_of(experiment)), suspension, one_by_one)


def extend_cluster(environment: Environment, experiment: str, until: date) -> Cluster:
    """Extend the expiry of an experiment's cluster to the end of a later day, in UTC.

    The janitor uses the new expiry immediately. The declaration is not changed.

    Raises:
        OperationError: if there is no such cluster, the day is not later than the present expiry, it is later than
            the environment allows, or the experiments would exceed a spend limit of the environment.
    """
    account = ClusterAccount(environment)
    seen = account.cluster_of(experiment)
    today = account.now.date()
    last = today + timedelta(days=environment.max_experiment_days)
    if until > last:
        message = (
            f"{until} is too late: experiments of {environment.name!r} may last at most "
            f"{environment.max_experiment_days} more days. Choose a day up to {last}."
        )
        raise OperationError(message)
    end = clock.end_of_day(until.isoformat())
    if end <= account.now or (seen.expiry.at is not None and end <= seen.expiry.at):
        present = f", which expires at the end of {_last_day(seen.expiry.at)}" if seen.expiry.at else ""
        message = f"{until} would not extend the cluster of {experiment!r}{present}. Choose a later day, up to {last}."
        raise OperationError(message)
    _refuse_above_limits(account, experiment, end, "extended")
    with _missing_table_explained(account), aws_errors_explained():
        account.clients.dynamodb.Table(environment.names.records_table).put_item(
            Item={
                Table.CLUSTER: seen.target.name,
                Table.RECORD: Table.EXTENSION,
                Table.UNTIL: until.isoformat(),
                Table.EXTENDED_BY: account.account.caller,
                Table.EXTENDED_AT: clock.written(account.now),
            }
        )
    return account.describe(account.cluster_of(experiment))


def undo_extension(environment: Environment, experiment: str) -> Cluster:
    """Remove the extension of an experiment's cluster: its declared expiry counts again, immediately.

    Raises:
        OperationError: if there is no such cluster, it is not extended, or its extension was changed at the same time.
    """
    account = ClusterAccount(environment)
    seen = account.cluster_of(experiment)
    if seen.memory is None and account.has_records:
        message = f"The extension of {experiment!r} could not be read: {seen.evidence.reason}. Nothing was changed."
        raise OperationError(message)
    if seen.memory is not None and seen.memory.extension is None:
        declared = f" It expires at the end of {_last_day(seen.expiry.at)}." if seen.expiry.at else ""
        message = f"The cluster of {experiment!r} is not extended. Nothing was changed.{declared}"
        raise OperationError(message)
    with _missing_table_explained(account), aws_errors_explained():
        try:
            account.clients.dynamodb.Table(environment.names.records_table).delete_item(
                Key={Table.CLUSTER: seen.target.name, Table.RECORD: Table.EXTENSION},
                ConditionExpression="#until = :until",
                ExpressionAttributeNames={"#until": Table.UNTIL},
                ExpressionAttributeValues={":until": seen.memory.extension if seen.memory else ""},
            )
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
            message = (
                f"The extension of {experiment!r} was changed or removed by another user at the same time. Nothing was "
                f"changed. Check it: {own_command()} clusters --env {environment.name}"
            )
            raise OperationError(message) from error
    return account.describe(account.cluster_of(experiment))


def _refuse_above_limits(account: ClusterAccount, experiment: str, end: datetime | None, change: str) -> None:
    """Refuse a change with which the experiments could cost more than the limits of the environment.

    Each experiment counts as when the environment is declared, until its present expiry, extensions included.

    Args:
        account: the account.
        experiment: the experiment that is changed.
        end: the end of its last day after the change. None: as declared.
        change: the change, such as `started`.
    """
    environment = account.environment
    if environment.emulated:
        return
    experiments = [
        each.model_copy(update={"expires": _expires(account, each, end if each.name == experiment else None)})
        for each in environment.experiments
    ]
    known = {name: getattr(environment, name) for name in type(environment).model_fields} | {"experiments": experiments}
    problems = list(spend_problems(environment.spend_limits, known, account.now.date()))
    if problems:
        message = f"The cluster of {experiment!r} was not {change}: the experiments would exceed a spend limit."
        raise OperationError(message, details="\n".join(problems))


def _expires(account: ClusterAccount, experiment: Experiment, end: datetime | None) -> date:
    """The last day of an experiment: the day before `end`, otherwise its extension, otherwise as declared."""
    if end is not None:
        return (end - timedelta(seconds=1)).date()
    with suppress(*FAILURES, ValueError):
        extension = account.records.read(account.environment.names.cluster(experiment)).extension
        if extension:
            return max(experiment.expires, date.fromisoformat(extension))
    return experiment.expires


def _refuse_over_limit(account: ClusterAccount, seen: Assessment, experiment: str) -> None:
    """Refuse to start a cluster that would be stopped again because of its cost."""
    if not is_over_limit(seen):
        return
    environment = account.environment
    message = (
        f"The cluster of {experiment!r} has cost {seen.cost.usd_known:.2f} USD, which exceeds its spend limit of "
        f"{seen.rules.spend_limit_usd:.2f} USD: it would be stopped again. Set a higher spend_limit_usd for the "
        f"experiment in environments/{environment.name}.py, and deploy: "
        f"{deploy_command(environment.name, environment.names.stack_id('training'))}"
    )
    raise OperationError(message)


@contextmanager
def _missing_table_explained(account: ClusterAccount) -> Iterator[None]:
    """Convert the refusal of a request to a table that does not exist into an error with the way out.

    Raises:
        OperationError: if the table of records does not exist.
    """
    try:
        yield
    except OperationError as error:
        cause = error.__cause__
        if not isinstance(cause, ClientError) or error_code(cause) != TABLE_NOT_FOUND:
            raise
        environment = account.environment
        message = (
            f"Extensions cannot be recorded: {account.no_shutdown}. No function stops its clusters at their expiry "
            f"there. Nothing was changed. To change the expiry: set `expires` in the declaration of the experiment, "
            f"and deploy the stack of the cluster. To record extensions: "
            f"{deploy_command(environment.name, environment.names.stack_id('training'))}, or add a Shutdown to the "
            f"stack of the cluster."
        )
        raise OperationError(message) from cause


def _expect_file_system(account: ClusterAccount, experiment: str) -> None:
    """Refuse to start nodes that would fail at boot, because the janitor removed their file system."""
    environment = account.environment
    mark = f"{removed_file_systems(environment.project, environment.name)}/{experiment}"
    with aws_errors_explained():
        was_removed = delete_mark(account.clients, mark)
    if was_removed:
        stack = environment.names.stack_id("training")
        message = (
            f"The file system of {experiment!r} was removed while its cluster was stopped. The next deploy creates it "
            f"again: {deploy_command(environment.name, stack)}. Then start the cluster: {own_command()} clusters "
            f"start {environment.name} {experiment}"
        )
        raise OperationError(message)


def _last_day(at: datetime | None) -> str:
    assert at is not None  # noqa: S101  called only for a cluster with an expiry
    return (at.astimezone(timezone.utc) - timedelta(days=1)).date().isoformat()
