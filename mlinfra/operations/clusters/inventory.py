"""Training clusters as they are now: state, activity, cost and expiry.

Activity and expiry are determined by the code of the functions that stop clusters automatically, `mlinfra.functions`.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from mlinfra.command import deploy_command, own_command
from mlinfra.errors import OperationError
from mlinfra.functions import clock, cost
from mlinfra.functions.activity import Verdict
from mlinfra.functions.assessment import Assessment, assess
from mlinfra.functions.clients import FAILURES, Clients, error_code
from mlinfra.functions.contract import Tag
from mlinfra.functions.fleet import DescribeFailedError, Fleet
from mlinfra.functions.launches import LAUNCH, launch_failure
from mlinfra.functions.metrics import histories
from mlinfra.functions.records import Records
from mlinfra.operations.aws import account_of, outside, reachable
from mlinfra.operations.clusters.adopted_groups import adopted_groups, refusal, way_to_stop
from mlinfra.operations.clusters.ended_jobs import evidence_since, has_ended_run, last_end, running_jobs
from mlinfra.operations.clusters.idleness import IDLE_WINDOW, idle_minutes
from mlinfra.operations.clusters.marks import Mark, forced_end, marks_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from mlinfra.declarations import Environment
    from mlinfra.functions.activity import Evidence
    from mlinfra.functions.fleet import Target
    from mlinfra.functions.metrics import History
    from mlinfra.operations.aws import AwsAccount

TABLE_NOT_FOUND: Final = "ResourceNotFoundException"
"""The code of DynamoDB's Query, PutItem, UpdateItem and DeleteItem for a table that does not exist (DynamoDB API
reference, "Query", read 2026-11-29)."""

State = Literal["running", "starting", "stopping", "stopped"]


@dataclass(frozen=True)
class Cluster:
    """The current state of a cluster."""

    environment: str
    name: str
    experiment: str
    """The experiment's name; empty if the cluster has no tag with it."""
    owner: str | None
    instance_types: tuple[str, ...]
    """The instance types of its nodes, without duplicates."""
    nodes: int
    """The number of existing nodes."""
    wanted: int
    """The desired capacity of its Auto Scaling group."""
    state: State
    since: datetime | None
    """The launch of the oldest node; None: there are no nodes."""
    work: Verdict
    work_reason: str
    idle_minutes: int | None
    """The minutes for which all nodes have been idle, up to 360; None: unknown."""
    usd_per_hour: float | None
    """The price of its nodes, in USD per hour; None: the price of a node is unknown."""
    usd_so_far: float | None
    """The cost in the period that the janitor counts, in USD; None: the price of a node is unknown."""
    spend_limit_usd: float | None
    expires: datetime | None
    """The end of its last day; None: it has no valid expiry."""
    extended: bool
    forced_end: datetime | None
    """The end of the grace period after its expiry, when it is stopped even if it is busy; None: it has no valid
    expiry."""
    marks: tuple[Mark, ...]
    """The conditions that need attention."""
    problems: tuple[str, ...]
    declared: bool
    """True if an experiment of the environment declares it, or if it is adopted."""


@dataclass(frozen=True)
class ClusterListing:
    """The clusters of several environments."""

    clusters: tuple[Cluster, ...]
    skipped: tuple[str, ...]
    """One line per environment that was not listed, with the reason."""


def list_all_clusters(declared: Sequence[Environment], *, names: Sequence[str] = ()) -> ClusterListing:
    """The clusters of the environments called `names`; without names, of all environments of the AWS account in use.

    Args:
        declared: the environments of the project.
        names: the environments to list. Default: all of the AWS account in use.

    Raises:
        OperationError: if an environment is not declared, or cannot be listed although it was named or is the only one.
    """
    unknown = set(names) - {each.name for each in declared}
    if unknown:
        message = (
            f"There is no environment {', '.join(sorted(unknown))}. Declared: {', '.join(e.name for e in declared)}."
        )
        raise OperationError(message)
    found: list[Cluster] = []
    skipped: list[str] = []
    selected = [each for each in declared if each.name in names] if names else list(reachable(declared))
    for environment in selected:
        try:
            found += list_clusters(environment)
        except OperationError as reason:
            if len(selected) == 1 or names:
                raise
            skipped.append(f"{environment.name}: {reason}")
    if not names and (elsewhere := [each.name for each in declared if each not in selected]):
        skipped.append(outside(elsewhere))
    return ClusterListing(tuple(found), tuple(skipped))


def only_running_cluster(declared: Sequence[Environment]) -> Cluster:
    """The cluster of an experiment that has nodes, if there is exactly one in the AWS account in use.

    Raises:
        OperationError: if there is none or more than one, or an environment cannot be listed.
    """
    running = [each for each in list_all_clusters(declared).clusters if each.nodes and each.experiment]
    if len(running) == 1:
        return running[0]
    if not running:
        message = f"No cluster has a node. Start one: {own_command()} clusters start ENV EXPERIMENT"
        raise OperationError(message)
    some = ", ".join(f"{each.environment} {each.experiment}" for each in running)
    message = f"Several clusters are running. Give the environment and the experiment: one of {some}."
    raise OperationError(message)


def list_clusters(environment: Environment) -> list[Cluster]:
    """All clusters of `environment` by name: declared ones, others with its name prefix, and adopted groups.

    Raises:
        OperationError: if the account cannot be accessed, or lists only a part of its resources.
    """
    account = ClusterAccount(environment)
    listing = account.fleet.targets()
    if listing.problems:
        message = f"The clusters of {environment.name!r} could not be listed completely. Try again."
        raise OperationError(message, details="\n".join(listing.problems))
    found = [each for each in listing.targets if each.name.startswith(f"{environment.names.prefix}-")]
    clusters = [account.describe(each) for each in account.assess(found)]
    clusters += _adopted_groups(account, {each.name for each in found})
    return sorted(clusters, key=lambda each: each.name)


def _adopted_groups(home: ClusterAccount, listed: set[str]) -> Iterator[Cluster]:
    """The adopted auto scaling groups of all regions that exist, and are not among `listed`."""
    environment = home.environment
    accounts = {environment.region: home}
    for each in adopted_groups(environment):
        region = each.region or environment.region
        if region == environment.region and each.id in listed:
            continue
        if region not in accounts:
            accounts[region] = ClusterAccount(environment, region)
        account = accounts[region]
        target = account.group(each.id)
        if target is not None:
            (seen,) = account.assess([target])
            cluster = account.describe(seen)
            yield replace(cluster, owner=cluster.owner or str(each.owner), declared=True)


class ClusterAccount:
    """Access to the clusters of one environment, at the current time."""

    def __init__(self, environment: Environment, region: str | None = None) -> None:
        """Access the clusters of `environment`.

        Args:
            environment: the environment.
            region: the region of its clusters. Default: that of the environment. Another region can contain adopted
                groups, which have no records.
        """
        self.environment = environment
        self._region = region or environment.region
        account = account_of(environment)
        self.account: AwsAccount = account if region in {None, environment.region} else account.in_region(self._region)
        self.clients = Clients(self.account.session)
        self.fleet = Fleet(self.clients)
        self.records = Records(self.clients, environment.names.records_table)
        self.now = clock.now()
        self._gpus: dict[str, History] = {}
        """The GPU metrics of all assessed nodes, by instance id."""
        self.has_records = True
        """False if the table of records does not exist, so that no function stops the clusters. Set by `assess`."""

    def cluster_of(self, experiment: str) -> Assessment:
        """The cluster of an experiment.

        Raises:
            OperationError: if it does not exist, or is not a cluster of mlinfra.
        """
        name = self.environment.names.cluster_named(experiment)
        target = self.group(name)
        if target is None or not target.may_be_stopped:
            self._refuse_adopted_group({experiment, name})
        if target is None:
            names = ", ".join(each.name for each in self.environment.experiments) or "none"
            stack = self.environment.names.stack_id("training")
            message = (
                f"There is no cluster of an experiment {experiment!r} in {self.environment.name!r}. Declared "
                f"experiments: {names}. To create the clusters of declared experiments: "
                f"{deploy_command(self.environment.name, stack)}"
            )
            raise OperationError(message)
        if not target.may_be_stopped:
            message = f"{name} is not a cluster of mlinfra: its tag {Tag.AUTO_STOP} is not true."
            raise OperationError(message)
        return self.assess([target])[0]

    def group(self, name: str) -> Target | None:
        """An Auto Scaling group as AWS describes it now. None: it does not exist.

        Raises:
            OperationError: if AWS does not describe it.
        """
        try:
            return self.fleet.group(name)
        except DescribeFailedError as error:
            message = f"The Auto Scaling group {name} in {self._region} could not be described. Try again."
            raise OperationError(message, details=str(error)) from error

    def _refuse_adopted_group(self, names: Collection[str]) -> None:
        """Refuse a change of an adopted group.

        Raises:
            OperationError: if one of `names` is that of an adopted group that exists, or AWS does not describe it.
        """
        for each in (each for each in adopted_groups(self.environment) if each.id in names):
            region = each.region or self.environment.region
            home = self if region == self._region else ClusterAccount(self.environment, region)
            target = home.group(each.id)
            if target is not None:
                raise OperationError(refusal(each.id, self.environment, region, target.minimum))

    def assess(self, targets: list[Target]) -> list[Assessment]:
        """The activity, cost and expiry of clusters."""
        running = {node.instance_id: IDLE_WINDOW for each in targets for node in each.nodes if node.state == "running"}
        self._gpus |= histories(self.clients, running, self.now)
        found = [assess(self.clients, each, self.records, self._gpus, self.now) for each in targets]
        if unread := next((each.target.name for each in found if each.memory is None), None):
            self.has_records = self._has_records(unread)
        return found

    def evidence_since_last_job(self, seen: Assessment) -> Evidence | None:
        """The activity of a cluster since the end of its last job, as in `evidence_since`. None: no job has ended."""
        ended = last_end(seen)
        return None if ended is None else evidence_since(ended, seen, self._gpus, self.now)

    def runs_of_running_jobs_have_ended(self, seen: Assessment) -> bool:
        """True if jobs are reported as running, and the run of each of them has ended; see `has_ended_run`."""
        running = running_jobs(seen, self.now)
        table = self.clients.dynamodb.Table(self.environment.names.records_table)
        return bool(running) and all(has_ended_run(each, seen.target.name, table) for each in running)

    def present_activity(self, seen: Assessment) -> str | None:
        """The sign of activity on a cluster now, as a clause. None: nothing runs, however short the time since then."""
        found = evidence_since(self.now, seen, self._gpus, self.now)
        return found.reason if found.verdict is Verdict.BUSY else None

    def describe(self, seen: Assessment) -> Cluster:
        """The current state of an assessed cluster."""
        target = seen.target
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
            idle_minutes=idle_minutes(
                target,
                {each.instance_id: each for each in seen.evidence.nodes},
                seen.rules.idle_percent,
                self._gpus,
                self.now,
            ),
            usd_per_hour=cost.per_hour(target.nodes, target.tags),
            usd_so_far=seen.cost.usd,
            spend_limit_usd=seen.rules.spend_limit_usd,
            expires=seen.expiry.at,
            extended=seen.expiry.extended,
            forced_end=forced_end(seen) if self.has_records and target.may_be_stopped else None,
            marks=tuple(self._marks(seen)),
            problems=seen.problems,
            declared=target.name in {self.environment.names.cluster(each) for each in self.environment.experiments},
        )

    @property
    def no_shutdown(self) -> str:
        """The reason why nothing is recorded in an environment without a table of records."""
        names, account_id = self.environment.names, self.account.account_id
        return (
            f"the table {names.records_table} does not exist in account {account_id}, {self._region}: the "
            f"shutdown of {self.environment.name!r} is not deployed there"
        )

    def _marks(self, seen: Assessment) -> Iterator[Mark]:
        yield from marks_of(seen, self.now, has_shutdown=self.has_records and seen.target.may_be_stopped)
        yield from self._launch_marks(seen.target)
        if not seen.target.may_be_stopped:  # an adopted group, which has its own tags
            text = f"no function stops it automatically, because its tag {Tag.AUTO_STOP} is not true"
            if not seen.target.is_stopped:
                text += f". {way_to_stop(seen.target.name, self.environment, self._region, seen.target.minimum)}"
            yield Mark("no-shutdown", text)
        elif not self.has_records:
            stack = self.environment.names.stack_id("training")
            yield Mark(
                "no-shutdown",
                f"no function stops it automatically, because {self.no_shutdown}. To deploy it: "
                f"{deploy_command(self.environment.name, stack)}, or add a Shutdown to the stack of the cluster",
            )

    def _launch_marks(self, target: Target) -> Iterator[Mark]:
        """The reason why it has fewer nodes than it requests, as far as it can be read."""
        if target.kind != "group" or len(target.nodes) >= target.desired:
            return
        if LAUNCH in target.suspended:
            yield Mark("launches-suspended", f"launching is suspended ({target.suspended[LAUNCH]})")
        with suppress(*FAILURES):
            failure = launch_failure(self.clients, target)
            if failure:
                text = f"launches have failed since {clock.written(failure.since)}: {failure.error.reason}"
                yield Mark("launches-failed", text)

    def _has_records(self, cluster: str) -> bool:
        """False if the table does not exist. Queried, because operators may not be allowed to describe it."""
        try:
            self.records.read(cluster)
        except FAILURES as error:
            return error_code(error) != TABLE_NOT_FOUND
        return True


def _state(target: Target) -> State:
    if target.is_stopped:
        return "stopped"
    if target.kind == "instance":
        return "running"
    if len(target.nodes) > target.desired:
        return "stopping"
    return "running" if len(target.nodes) == target.desired else "starting"
