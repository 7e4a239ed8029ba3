"""Start, stop and extension of training clusters."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from mlinfra.command import own_command
from mlinfra.errors import OperationError
from mlinfra.functions import clock, stopping
from mlinfra.functions.activity import Verdict
from mlinfra.functions.contract import Table, Tag, removed_file_systems
from mlinfra.functions.cost_counting import count_cost
from mlinfra.functions.file_systems import delete_mark
from mlinfra.operations.aws import aws_errors_explained
from mlinfra.operations.clusters.inventory import ClusterAccount

if TYPE_CHECKING:
    from datetime import date

    from mlinfra.declarations import Environment
    from mlinfra.functions.fleet import Target
    from mlinfra.operations.clusters.inventory import Cluster

_PROTECTION_BATCH = 50
"""The maximum number of instances of SetInstanceProtection (EC2 Auto Scaling API reference, read 2026-11-24)."""


def start_cluster(environment: Environment, experiment: str) -> Cluster:
    """Request all nodes of an experiment's cluster.

    If the janitor removed its file system, the next deploy is allowed to create it again.

    Raises:
        OperationError: if there is no such cluster, it has expired, so that the janitor would stop it, or its file
            system was removed.
    """
    account = ClusterAccount(environment)
    seen = account.cluster_of(experiment)
    if seen.expiry.is_expired(account.now):
        message = (
            f"The cluster of {experiment!r} expired at the end of {_last_day(seen.expiry.at)}. Extend it first: "
            f"{own_command()} clusters extend {environment.name} {experiment} --until DATE"
        )
        raise OperationError(message)
    nodes = seen.target.tags.get(Tag.NODES, "")
    if not nodes.isdecimal() or not int(nodes):
        message = (
            f"The number of nodes of {seen.target.name} is unknown: its tag {Tag.NODES} is {nodes!r}, and must be a "
            f"number. Deploy its stack again, which sets the tag."
        )
        raise OperationError(message)
    if Tag.KEEP_HOURS in seen.target.tags:
        _expect_file_system(account, experiment)
    with aws_errors_explained():
        account.clients.autoscaling.set_desired_capacity(
            AutoScalingGroupName=seen.target.name, DesiredCapacity=int(nodes), HonorCooldown=False
        )
    return account.describe(account.cluster_of(experiment))


def stop_cluster(environment: Environment, experiment: str, *, force: bool = False) -> Cluster:
    """Stop an experiment's cluster. The volumes of its nodes are kept for the environment's `volume_grace_days`.

    Args:
        environment: the environment of the cluster.
        experiment: the experiment's name.
        force: True: stop it although a job is or may be running. The job is lost. Default: False.

    Raises:
        OperationError: if there is no such cluster, or a job is or may be running and `force` is False.
    """
    account = ClusterAccount(environment)
    seen = account.cluster_of(experiment)
    if seen.evidence.verdict in {Verdict.BUSY, Verdict.UNKNOWN} and not force:
        activity = "is in use" if seen.evidence.verdict is Verdict.BUSY else "may be in use"
        message = (
            f"The cluster of {experiment!r} {activity}: {seen.evidence.reason}. Nothing was changed. To stop it and "
            f"lose what is running on it: --force"
        )
        raise OperationError(message)
    with aws_errors_explained():
        if force:
            _unprotect(account, seen.target)
        count_cost(account.records, seen.target, account.now)
        stopping.stop(account.clients, seen.target, account.now, timedelta(days=environment.volume_grace_days))
        account.records.note_stopped(seen.target.name, f"{account.account.caller} stopped it", account.now)
    return account.describe(account.cluster_of(experiment))


def extend_cluster(environment: Environment, experiment: str, until: date) -> Cluster:
    """Extend the expiry of an experiment's cluster to the end of a later day, in UTC.

    The janitor uses the new expiry immediately. The declaration is not changed.

    Raises:
        OperationError: if there is no such cluster, the day is not later than the present expiry, or it is later than
            the environment allows.
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
    with aws_errors_explained():
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


def _unprotect(account: ClusterAccount, target: Target) -> None:
    ids = [node.instance_id for node in target.nodes if node.protected]
    for start_at in range(0, len(ids), _PROTECTION_BATCH):
        account.clients.autoscaling.set_instance_protection(
            AutoScalingGroupName=target.name,
            InstanceIds=ids[start_at : start_at + _PROTECTION_BATCH],
            ProtectedFromScaleIn=False,
        )


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
            f"again: npx cdktf deploy {stack}. Then start the cluster: {own_command()} clusters "
            f"start {environment.name} {experiment}"
        )
        raise OperationError(message)


def _last_day(at: datetime | None) -> str:
    assert at is not None  # noqa: S101  called only for a cluster with an expiry
    return (at.astimezone(timezone.utc) - timedelta(days=1)).date().isoformat()
