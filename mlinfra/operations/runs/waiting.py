"""Start of a cluster for a run, and the wait for its nodes, with the reason for which they are not ready yet."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from mlinfra.command import deploy_command, own_command
from mlinfra.errors import OperationError
from mlinfra.functions import clock
from mlinfra.functions.clients import FAILURES
from mlinfra.functions.contract import Tag
from mlinfra.functions.counting import counted
from mlinfra.functions.fleet import IN_SERVICE
from mlinfra.functions.launch_errors import limit_in
from mlinfra.functions.launches import launch_failure
from mlinfra.operations.aws import aws_errors_explained
from mlinfra.operations.clusters import ClusterAccount, start_cluster, stop_cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlinfra.declarations import Environment, Experiment
    from mlinfra.functions.fleet import Node, Target
    from mlinfra.functions.launches import LaunchFailure
    from mlinfra.operations.clusters import CapacityWait
    from mlinfra.operations.runs.recorded_run import Run
    from mlinfra.operations.runs.run_table import RunTable
    from mlinfra.operations.terraform import Step

POLL_SECONDS: Final = 10.0
"""The interval of the checks. Each makes four calls, and DescribeScalingActivities and DescribeInstanceInformation are
shared with all users of the account."""
_CONNECTED: Final = "Online"
"""The `PingStatus` of a connected node (Systems Manager API reference, InstanceInformation, read 2026-11-30)."""
_NODES_A_CALL: Final = 50
"""The largest page of DescribeInstanceInformation (the same reference, read 2026-11-30)."""
_SKEW: Final = timedelta(minutes=1)
"""The clocks of two services of AWS may differ by less than that."""
_NEVER_LAUNCHED: Final = frozenset({"InvalidAMIID.NotFound"})
"""The codes of failed launches that do not end by waiting."""
_LONGEST_BOOT: Final = timedelta(minutes=15)
"""The time after its launch at which a node counts as booted without a report of its guard."""
_UNHEALTHY: Final = "UNHEALTHY: "
"""The mark of a failed boot in the boot log (`constructs/training/user_data/boot.sh`)."""
_FAILURE_LINES: Final = 20
_DETAIL: Final = 160


@dataclass(frozen=True)
class ClusterForRun:
    """A cluster before a run."""

    name: str
    nodes: int
    """The number of nodes of the deployed cluster, all of which the run uses."""
    running: int
    """The number of its present nodes."""
    desired: int
    usd_per_hour: float | None
    """The price of all nodes, in USD per hour. None: unknown."""
    activity: str | None
    """The sign of activity that is not a run, such as a job or a session. None: there is none."""

    @property
    def is_stopped(self) -> bool:
        """True if it has no nodes and requests none."""
        return not self.running and not self.desired

    @property
    def must_start(self) -> bool:
        """True if it does not request all nodes."""
        return self.desired < self.nodes


@dataclass(frozen=True)
class NodeStates:
    """The nodes of a cluster at a check."""

    total: int
    ready: tuple[str, ...]
    """The ids of the nodes that are in service, have booted, and are connected to Systems Manager."""
    waits_for: str
    """The reason for which not all nodes are ready, as a clause; empty if they are."""
    hopeless: str | None = None
    """The reason for which they will never be ready, and the remedy. None: they may be."""
    joined: int = 0
    """The number of nodes that have joined the run, once the wait has ended."""

    @property
    def are_ready(self) -> bool:
        """True if all nodes are ready."""
        return len(self.ready) >= self.total

    @property
    def conclusion(self) -> str:
        """The end of the wait, as a clause."""
        if self.are_ready:
            return f"{len(self.ready)} of {self.total} are ready"
        if self.joined >= self.total:
            return f"{self.joined} of {self.total} have joined the run"
        return "the run has ended"


class NotReadyError(OperationError):
    """The nodes of a run were not ready in time, or cannot be launched."""


class NodeWatch:
    """Reads the states of the nodes of one cluster."""

    def __init__(self, table: RunTable, experiment: Experiment) -> None:
        """Watch the cluster of an experiment.

        Args:
            table: the records of its environment. Failed launches count from the time of their last response.
            experiment: the experiment.
        """
        self._environment = table.environment
        self._experiment = experiment
        self._account = ClusterAccount(table.environment)
        self._ssm = self._account.clients.ssm
        self._logs = self._account.clients.logs
        self._since = table.now - _SKEW
        self._seen: set[str] = set()

    def cluster(self) -> ClusterForRun:
        """The cluster before the run.

        Raises:
            OperationError: if it does not exist, or its number of nodes is unknown.
        """
        seen = self._account.cluster_of(self._experiment.name)
        nodes = seen.target.tags.get(Tag.NODES, "")
        if not nodes.isdecimal() or not int(nodes):
            stack = self._environment.names.stack_id("training")
            message = (
                f"The number of nodes of {seen.target.name} is unknown: its tag {Tag.NODES} is {nodes!r}. Deploy its "
                f"stack again, which sets the tag: {deploy_command(self._environment.name, stack)}"
            )
            raise OperationError(message)
        price = self._environment.instance_type(self._experiment).usd_per_hour
        return ClusterForRun(
            name=seen.target.name,
            nodes=int(nodes),
            running=len(seen.target.nodes),
            desired=seen.target.desired,
            usd_per_hour=None if price is None else price * int(nodes),
            activity=self._account.present_activity(seen) if seen.target.nodes else None,
        )

    def start(self, capacity: CapacityWait | None = None) -> str | None:
        """Request all nodes, within the limits of the cluster. Returns a remark; None: there is none.

        Args:
            capacity: the wait while EC2 has no capacity for all nodes together. Default: none; nodes are then launched
                one by one.

        Raises:
            OperationError: as `start_cluster`.
        """
        started = start_cluster(self._environment, self._experiment.name, capacity=capacity)
        remarks = []
        if started.resumed:
            remarks.append(f"launching, which AWS had suspended, is resumed ({started.resumed})")
        if started.one_by_one:
            remarks.append(f"nodes may be launched one by one: {started.one_by_one}")
        return "; ".join(remarks) or None

    def states(self, total: int) -> NodeStates:
        """The states of the nodes now.

        Args:
            total: the number of nodes that the run needs.

        Raises:
            OperationError: if AWS refuses.
        """
        with aws_errors_explained():
            target = self._account.fleet.group(self._environment.names.cluster(self._experiment))
            if target is None:
                message = "The cluster was deleted while the run waited for its nodes."
                raise NotReadyError(message)
            ended = self._recently_ended(target)
            in_service = [each for each in target.nodes if each.lifecycle == IN_SERVICE and each.state == "running"]
            connected = self._connected([each.instance_id for each in in_service])
            booted = self._booted(target.name, in_service)
        ready = tuple(sorted(connected & booted))
        if len(ready) >= total:
            return NodeStates(total, ready, "")
        if len(in_service) >= total:
            others = [each.instance_id for each in in_service if each.instance_id not in ready]
            return NodeStates(total, ready, self._boot(others, connected))
        return self._launching(target, in_service, ended, ready=ready, total=total)

    def _launching(
        self, target: Target, in_service: Sequence[Node], ended: Sequence[str], *, ready: tuple[str, ...], total: int
    ) -> NodeStates:
        """The states while nodes are missing, with the reason for which they are."""
        prefix = f"{len(in_service)} of {counted(total, 'node')} in service"
        failure = self._failure(target)
        if failure is not None:
            hopeless = self._hopeless(failure)
            return NodeStates(total, ready, f"{prefix}; {failure.error.reason}: {failure.message}", hopeless)
        if target.suspended.get("Launch"):
            return NodeStates(total, ready, f"{prefix}; launching is suspended ({target.suspended['Launch']})")
        failed = next((each for each in map(self._failed_boot, ended) if each), None)
        if failed is not None:
            # A node with a hardware fault is replaced; one with a fault of its image lowers the size of its group.
            hopeless = failed if target.desired < total else None
            return NodeStates(total, ready, f"{prefix}; {failed}", hopeless)
        if target.desired < total:
            text = f"it requests {target.desired} nodes, because it was stopped while the run waited"
            return NodeStates(total, ready, f"{prefix}; {text}")
        pending = [each for each in target.nodes if each not in in_service]
        launched = ", ".join(f"{each.instance_id} is {each.lifecycle}" for each in pending[:2])
        return NodeStates(total, ready, f"{prefix}; {launched or 'EC2 has not launched the others yet'}")

    def _failure(self, target: Target) -> LaunchFailure | None:
        with suppress(*FAILURES):
            return launch_failure(self._account.clients, target, after=self._since)
        return None

    def _hopeless(self, failure: LaunchFailure) -> str | None:
        limit, vcpus = limit_in(failure.message), self._environment.instance_type(self._experiment).vcpu
        is_too_low = failure.error.is_quota and limit is not None and limit < vcpus
        if is_too_low or failure.error.code in _NEVER_LAUNCHED:
            figures = f" (it is {limit} vCPUs, and one node has {vcpus})" if is_too_low else ""
            action = failure.error.action.partition(" The group tries again")[0]
            return f"{failure.error.reason}{figures}. {action} EC2's message: {failure.message}"
        return None

    def _connected(self, ids: Sequence[str]) -> set[str]:
        """Those of `ids` whose agent is connected to Systems Manager."""
        found: set[str] = set()
        for start in range(0, len(ids), _NODES_A_CALL):
            some = list(ids[start : start + _NODES_A_CALL])
            pages = self._ssm.get_paginator("describe_instance_information").paginate(
                Filters=[{"Key": "InstanceIds", "Values": some}]
            )
            for page in pages:
                found |= {
                    each["InstanceId"] for each in page["InstanceInformationList"] if each["PingStatus"] == _CONNECTED
                }
        return found & set(ids)

    def _booted(self, cluster: str, nodes: Sequence[Node]) -> set[str]:
        """Those of `nodes` whose guard has reported since their launch, which is the end of their boot.

        Nodes that were launched long ago need no report: a broken guard must not prevent a run.
        """
        reports = self._account.records.read(cluster).reports
        now, booted = clock.now(), set()
        for each in nodes:
            report = reports.get(each.instance_id)
            reported = report.reported_at if report else None
            is_new = reported is not None and (each.launched is None or reported >= each.launched - _SKEW)
            if is_new or (each.launched is not None and now - each.launched > _LONGEST_BOOT):
                booted.add(each.instance_id)
        return booted

    def _boot(self, nodes: Sequence[str], connected: set[str]) -> str:
        """The last line of the boot log of a node that is not ready."""
        first = nodes[0]
        others = f" and {len(nodes) - 1} more" if len(nodes) > 1 else ""
        lines = self._boot_log(first, 1)
        boot = f": {lines[-1][:_DETAIL]}" if lines else ""
        if first in connected:
            return f"waiting for the boot of {first}{others}{boot}"
        return f"waiting for {first}{others} to connect to Systems Manager{boot}"

    def _recently_ended(self, target: Target) -> list[str]:
        """The nodes that were launched for the run, or seen at an earlier check, and have left the group."""
        present = {each.instance_id for each in target.nodes}
        ended = {each.instance_id for each in target.ended if each.launched and each.launched >= self._since}
        ended |= self._seen - present
        self._seen |= present
        return sorted(ended)

    def _failed_boot(self, instance_id: str) -> str | None:
        """The reason for which the boot of a node failed, as a clause. None: it is not known that it did."""
        for line in reversed(self._boot_log(instance_id, _FAILURE_LINES)):
            _, mark, reason = line.partition(_UNHEALTHY)
            if mark:
                return f"the boot of {instance_id} failed: {reason[:_DETAIL]}"
        return None

    def _boot_log(self, instance_id: str, lines: int) -> list[str]:
        """The last lines of the boot log of a node."""
        group = self._environment.names.cluster_log_group(self._experiment)
        # A node that has sent no log yet has no stream; the permission for it is not required either.
        with suppress(*FAILURES):
            answer = self._logs.get_log_events(
                logGroupName=group, logStreamName=f"{instance_id}/boot", limit=lines, startFromHead=False
            )
            return [str(each["message"]).strip() for each in answer["events"]]
        return []


def wait_for_nodes(
    watch: NodeWatch,
    total: int,
    *,
    seconds: float,
    step: Step,
    read_run: Callable[[], Run | None],
    poll_seconds: float = POLL_SECONDS,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> NodeStates:
    """Wait until all nodes of a run are ready, or have joined it already.

    Args:
        watch: reads the states of the nodes.
        total: the number of nodes that the run needs.
        seconds: the longest wait, in seconds.
        step: receives the reason for which they are not ready.
        read_run: reads the run.
        poll_seconds: the interval of the checks, in seconds. Default: 10.
        sleep: waits for a number of seconds.
        monotonic: the clock, in seconds.

    Returns:
        The states of the nodes. Not all are ready if the run has started or ended in the meantime.

    Raises:
        NotReadyError: if they are not ready in time, or will never be.
        OperationError: if AWS refuses.
    """
    deadline = monotonic() + seconds
    while True:
        states = watch.states(total)
        if states.are_ready:
            return states
        if states.hopeless is not None:
            message = f"The nodes cannot be started: {states.hopeless}"
            raise NotReadyError(message)
        step.wait_for(states.waits_for)
        run = read_run()
        if run is None or not run.is_active or len(run.living) >= total:
            return replace(states, joined=len(run.living) if run else 0)
        if monotonic() >= deadline:
            message = f"Not all nodes were ready after {seconds / 60:.0f} minutes: {states.waits_for}"
            raise NotReadyError(message)
        sleep(min(poll_seconds, max(deadline - monotonic(), 0.0)))


def stop_if_unused(environment: Environment, experiment: str, *, was_stopped: bool, others: bool) -> str:
    """Stop a cluster that was started for a run that did not begin. Returns the outcome, as a sentence.

    Args:
        environment: the environment.
        experiment: the name of the experiment.
        was_stopped: True if the cluster was stopped before the run.
        others: True if another run uses or waits for it.
    """
    retry = f"{own_command()} clusters stop {environment.name} {experiment}"
    if not was_stopped:
        return "The cluster keeps running, because it ran before."
    if others:
        return "The cluster keeps running, because another run needs it."
    try:
        # Nodes that still boot count as busy. No run and no job has begun on them.
        stop_cluster(environment, experiment, force=True)
    except OperationError as reason:
        return f"The cluster could not be stopped ({reason.message}). To stop it: {retry}"
    return "The cluster, which was stopped before, is stopped again."
