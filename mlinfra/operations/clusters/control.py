"""The training clusters of an environment as they are now; starting, stopping and extending them.

What runs and what may be stopped is judged by the same code as in the functions that stop clusters
by themselves: `mlinfra.functions`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Literal

from mlinfra.catalog import on_demand_prices
from mlinfra.command import own_command
from mlinfra.errors import OperationError
from mlinfra.functions import clock, stopping
from mlinfra.functions.busy import Verdict
from mlinfra.functions.clients import Clients
from mlinfra.functions.contract import Table, Tag
from mlinfra.functions.fleet import Fleet, LookFailedError, Target
from mlinfra.functions.look import Look, look
from mlinfra.functions.metrics import histories
from mlinfra.functions.records import Records
from mlinfra.operations.aws import AwsAccount, account_of, in_users_terms

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from mlinfra.declarations import Environment
    from mlinfra.functions.metrics import History

_WINDOW = timedelta(hours=6)
"""How far back idleness is looked for; it is also the longest `idle_minutes` of an environment."""
_GAP = timedelta(minutes=5)
_PROTECTION_BATCH = 50
"""SetInstanceProtection takes so many instances (EC2 Auto Scaling API reference, read 2026-11-24)."""

State = Literal["running", "starting", "stopping", "stopped"]


@dataclass(frozen=True)
class Cluster:
    """A cluster as it is now."""

    environment: str
    name: str
    experiment: str
    """The experiment's name; empty: it has no tag that says so."""
    owner: str | None
    instance_types: tuple[str, ...]
    """Of the nodes that it has, each once."""
    nodes: int
    """How many there are."""
    wanted: int
    """How many its group asks for."""
    state: State
    since: datetime | None
    """When the oldest node was launched."""
    work: Verdict
    work_reason: str
    idle_minutes: int | None
    """For how long no GPU of it has worked, up to 360; None: that is not known."""
    usd_per_hour: float | None
    """What its nodes cost an hour; None: the price of one is unknown."""
    usd_so_far: float | None
    """What it has cost, as far back as the janitor counts; None: the price of a part is unknown."""
    spend_limit_usd: float | None
    expires: datetime | None
    """The first moment after its last day; None: it has none that can be read."""
    extended: bool
    problems: tuple[str, ...]
    declared: bool
    """Whether an experiment of the environment declares it."""


def list_clusters(environment: Environment) -> list[Cluster]:
    """All clusters of `environment`, by name: those that it declares, and what else is there under its prefix.

    Raises:
        OperationError: where the account cannot be asked, or answers only in part.
    """
    desk = _Desk(environment)
    listing = desk.fleet.targets()
    if listing.problems:
        message = f"Not everything in {environment.name!r} could be listed."
        raise OperationError(message, details="\n".join(listing.problems))
    found = [each for each in listing.targets if each.name.startswith(f"{environment.names.prefix}-")]
    return [desk.describe(seen) for seen in desk.look_at(sorted(found, key=lambda each: each.name))]


def start_cluster(environment: Environment, experiment: str) -> Cluster:
    """Ask for all nodes of an experiment's cluster again.

    Raises:
        OperationError: where there is no such cluster, or it is expired: the janitor would stop it.
    """
    desk = _Desk(environment)
    seen = desk.one(experiment)
    if seen.expiry.has_come(desk.now):
        message = (
            f"The cluster of {experiment!r} expired with {_last_day(seen.expiry.at)}. Extend it first: {own_command()} "
            f"clusters extend {environment.name} {experiment} --until DATE"
        )
        raise OperationError(message)
    nodes = seen.target.tags.get(Tag.NODES, "")
    if not nodes.isdecimal() or not int(nodes):
        message = f"The group {seen.target.name} does not say how many nodes it has: its tag {Tag.NODES} is {nodes!r}."
        raise OperationError(message)
    with in_users_terms():
        desk.clients.autoscaling.set_desired_capacity(
            AutoScalingGroupName=seen.target.name, DesiredCapacity=int(nodes), HonorCooldown=False
        )
    return desk.describe(desk.one(experiment))


def stop_cluster(environment: Environment, experiment: str, *, force: bool = False) -> Cluster:
    """Stop an experiment's cluster. The volumes of its nodes are kept for the environment's `volume_grace_days`.

    Args:
        environment: where the cluster is.
        experiment: the experiment's name.
        force: whether to stop it although it works, or may work. What runs on it is lost.

    Raises:
        OperationError: where there is no such cluster, or it works or may work and `force` is not given.
    """
    desk = _Desk(environment)
    seen = desk.one(experiment)
    if seen.evidence.verdict in {Verdict.BUSY, Verdict.UNKNOWN} and not force:
        doubt = "works" if seen.evidence.verdict is Verdict.BUSY else "may work"
        message = f"The cluster of {experiment!r} {doubt}: {seen.evidence.reason}. Stop it all the same: --force"
        raise OperationError(message)
    with in_users_terms():
        if force:
            desk.unprotect(seen.target)
        stopping.stop(desk.clients, seen.target, desk.now, timedelta(days=environment.volume_grace_days))
        desk.records.note_stopped(seen.target.name, f"{desk.account.caller} stopped it", desk.now)
    return desk.describe(desk.one(experiment))


def extend_cluster(environment: Environment, experiment: str, until: date) -> Cluster:
    """Let an experiment's cluster live until the end of a later day, in UTC.

    The janitor honours it at once. The declaration stays as it is: the next synth after its date
    refuses the experiment until the date is changed there too.

    Raises:
        OperationError: where there is no such cluster, the day is not later, or it is further away than the
            environment allows.
    """
    desk = _Desk(environment)
    seen = desk.one(experiment)
    today = desk.now.date()
    last = today + timedelta(days=environment.max_experiment_days)
    if until > last:
        message = (
            f"{until} is more than the {environment.max_experiment_days} days away that {environment.name!r} allows an "
            f"experiment. The latest day is {last}."
        )
        raise OperationError(message)
    end = clock.end_of_day(until.isoformat())
    if end <= desk.now or (seen.expiry.at is not None and end <= seen.expiry.at):
        lasts = f", which is until {_last_day(seen.expiry.at)}" if seen.expiry.at else ""
        message = f"{until} would not extend the cluster of {experiment!r}{lasts}. Give a later day, up to {last}."
        raise OperationError(message)
    with in_users_terms():
        desk.clients.dynamodb.Table(environment.names.records_table).put_item(
            Item={
                Table.CLUSTER: seen.target.name,
                Table.RECORD: Table.EXTENSION,
                Table.UNTIL: until.isoformat(),
                Table.EXTENDED_BY: desk.account.caller,
                Table.EXTENDED_AT: clock.written(desk.now),
            }
        )
    return desk.describe(desk.one(experiment))


class _Desk:
    """One environment's account, and the present moment."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.account: AwsAccount = account_of(environment)
        self.clients = Clients(self.account.session)
        self.fleet = Fleet(self.clients)
        self.records = Records(self.clients, environment.names.records_table)
        self.now = clock.now()
        self._gpus: dict[str, History] = {}
        """Of all nodes that were looked at, by instance id."""

    def one(self, experiment: str) -> Look:
        name = f"{self.environment.names.prefix}-{experiment}"
        try:
            target = self.fleet.group(name)
        except LookFailedError as error:
            message = f"AWS did not say what {name} is like."
            raise OperationError(message, details=str(error)) from error
        if target is None:
            names = ", ".join(each.name for each in self.environment.experiments) or "none"
            stack = self.environment.names.stack_id("training")
            message = (
                f"There is no cluster of an experiment {experiment!r} in {self.environment.name!r}. Declared: {names}. "
                f"What is declared and not there is made by: npx cdktf deploy {stack}"
            )
            raise OperationError(message)
        if not target.may_be_stopped:
            message = f"{name} is not a cluster of mlinfra: its tag {Tag.AUTO_STOP} is not true."
            raise OperationError(message)
        return self.look_at([target])[0]

    def look_at(self, targets: list[Target]) -> list[Look]:
        running = {node.instance_id: _WINDOW for each in targets for node in each.nodes if node.state == "running"}
        self._gpus |= histories(self.clients, running, self.now)
        return [look(each, self.records, self._gpus, self.now) for each in targets]

    def unprotect(self, target: Target) -> None:
        ids = [node.instance_id for node in target.nodes if node.protected]
        for start_at in range(0, len(ids), _PROTECTION_BATCH):
            self.clients.autoscaling.set_instance_protection(
                AutoScalingGroupName=target.name,
                InstanceIds=ids[start_at : start_at + _PROTECTION_BATCH],
                ProtectedFromScaleIn=False,
            )

    def describe(self, seen: Look) -> Cluster:
        target = seen.target
        hourly = [on_demand_prices().get(node.instance_type) for node in target.nodes]
        launched = [node.launched for node in target.nodes if node.launched]
        return Cluster(
            environment=self.environment.name,
            name=target.name,
            experiment=target.tags.get(Tag.EXPERIMENT, ""),
            owner=target.owner,
            instance_types=tuple(sorted({node.instance_type for node in target.nodes})),
            nodes=len(target.nodes),
            wanted=target.desired,
            state=_state(target),
            since=min(launched, default=None),
            work=seen.evidence.verdict,
            work_reason=seen.evidence.reason,
            idle_minutes=idle_minutes(target, seen.rules.idle_percent, self._gpus, self.now),
            usd_per_hour=None if None in hourly else math.fsum(price or 0 for price in hourly),
            usd_so_far=seen.cost.usd,
            spend_limit_usd=seen.rules.spend_limit_usd,
            expires=seen.expiry.at,
            extended=seen.expiry.extended,
            problems=seen.problems,
            declared=target.name in {self.environment.names.cluster(each) for each in self.environment.experiments},
        )


def idle_minutes(target: Target, idle_percent: float | None, gpus: Mapping[str, History], now: datetime) -> int | None:
    """For how many minutes, up to 360, no GPU of `target` has worked; None: that is not known.

    Args:
        target: the cluster.
        idle_percent: the utilisation below which a GPU counts as idle, in percent.
        gpus: the GPU metrics of its nodes, by instance id.
        now: the moment that counts.
    """
    if idle_percent is None or not target.nodes:
        return None
    each = [_idle_since(gpus.get(node.instance_id), idle_percent, now) for node in target.nodes]
    if None in each:
        return None
    latest = max(since for since in each if since is not None)
    return int((now - latest) / timedelta(minutes=1))


def _idle_since(history: History | None, idle_percent: float, now: datetime) -> datetime | None:
    """Since when a node is known to be idle; None: nobody knows of the last minutes."""
    if history is None or history.problem:
        return None
    since = now
    for at in sorted(history.readings, reverse=True):
        if since - at > _GAP + timedelta(minutes=1):
            break
        if not 0 <= history.readings[at] < idle_percent:
            return min(at + timedelta(minutes=1), now)
        since = at
    return None if since == now else since


def _state(target: Target) -> State:
    if target.is_stopped:
        return "stopped"
    if target.kind == "instance":
        return "running"
    if len(target.nodes) > target.desired:
        return "stopping"
    return "running" if len(target.nodes) == target.desired else "starting"


def _last_day(at: datetime | None) -> str:
    assert at is not None  # noqa: S101  asked only for what expires
    return (at.astimezone(timezone.utc) - timedelta(days=1)).date().isoformat()
