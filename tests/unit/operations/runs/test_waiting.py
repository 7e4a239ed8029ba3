"""The wait for the nodes of a run, on a local AWS."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.errors import OperationError
from mlinfra.functions import clock
from mlinfra.functions.contract import Activity, NodeReport, Table, Tag
from mlinfra.local_aws.mechanisms.launch_errors import LAUNCH_ERROR_TAG
from mlinfra.operations.clusters import CapacityWait
from mlinfra.operations.runs import NotReadyError, RunTable, find_run
from mlinfra.operations.runs.waiting import NodeStates, NodeWatch, stop_if_unused, wait_for_nodes
from tests.unit.operations.clusters.account import ENVIRONMENT, NAME, make_group, node_ids, report
from tests.unit.operations.runs.recorded import RUN_ID, put, put_node, put_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mlinfra.operations.runs import Run

(EXPERIMENT,) = ENVIRONMENT.experiments
GROUP = ENVIRONMENT.names.cluster_log_group(EXPERIMENT)


def a_watch() -> NodeWatch:
    return NodeWatch(RunTable(ENVIRONMENT), EXPERIMENT)


def test_a_stopped_cluster_must_start_and_has_a_price(records: Callable[..., Any]) -> None:
    make_group(records, nodes=0)
    cluster = a_watch().cluster()
    assert (cluster.is_stopped, cluster.must_start, cluster.nodes, cluster.running) == (True, True, 2, 0)
    assert cluster.usd_per_hour == pytest.approx(2 * 1.006)
    assert cluster.activity is None


def test_a_running_cluster_need_not_start(records: Callable[..., Any]) -> None:
    make_group(records)
    cluster = a_watch().cluster()
    assert (cluster.is_stopped, cluster.must_start, cluster.running) == (False, False, 2)


def test_a_cluster_that_is_not_deployed_is_an_error_with_the_stack(records: Callable[..., Any]) -> None:
    del records
    with pytest.raises(OperationError, match="There is no cluster of an experiment 'two-tower-v2'") as error:
        a_watch().cluster()
    assert "mlinfra up dev dev-training" in error.value.message


def test_a_cluster_without_its_number_of_nodes_is_an_error(records: Callable[..., Any]) -> None:
    make_group(records, nodes=0, **{Tag.NODES: "many"})
    with pytest.raises(OperationError, match="its tag Nodes is 'many'"):
        a_watch().cluster()


def test_a_start_waits_without_nodes_for_the_capacity_of_all(records: Callable[..., Any]) -> None:
    make_group(records, nodes=0, placement_group=True, **{LAUNCH_ERROR_TAG: "InsufficientInstanceCapacity above 1"})
    reasons: list[str] = []
    with pytest.raises(OperationError, match="No node was requested, and nothing is billed"):
        a_watch().start(CapacityWait(seconds=0, say=reasons.append))
    assert reasons == ["EC2 has no capacity for 2 g5.xlarge together in us-east-1a. Nothing is billed meanwhile"]
    assert a_watch().cluster().is_stopped
    assert a_watch().start() == ("nodes may be launched one by one: EC2 has no capacity for all nodes together now")
    assert a_watch().cluster().running == 1


def booted(client: Callable[..., Any]) -> list[str]:
    """A cluster whose guards have reported, which ends the boot of a node."""
    ids = make_group(client)
    for each in ids:
        report(client, each, minutes=1)
    return ids


def test_only_present_activity_is_named_before_a_run(records: Callable[..., Any]) -> None:
    first, _ = booted(records)
    assert a_watch().cluster().activity is None
    put(
        {
            Table.CLUSTER: NAME,
            Table.RECORD: f"{Table.NODE_PREFIX}{first}",
            NodeReport.REPORTED_AT: int(clock.now().timestamp()),
            NodeReport.ACTIVITY: Activity.BUSY,
            NodeReport.WHY: "a session of ana",
        }
    )
    assert a_watch().cluster().activity == f"{first} is busy: a session of ana"


def test_booted_and_connected_nodes_are_ready(records: Callable[..., Any]) -> None:
    ids = booted(records)
    states = a_watch().states(2)
    assert states == NodeStates(2, tuple(sorted(ids)), "")
    assert states.are_ready


def launch_fails(client: Callable[..., Any], error: str) -> NodeWatch:
    """A watch of a cluster whose launches fail after its start."""
    make_group(client, nodes=0, **{LAUNCH_ERROR_TAG: error})
    watch = a_watch()
    client("autoscaling").set_desired_capacity(AutoScalingGroupName=NAME, DesiredCapacity=2)
    return watch


def test_missing_capacity_is_the_reason_for_the_wait(records: Callable[..., Any]) -> None:
    states = launch_fails(records, "InsufficientInstanceCapacity").states(2)
    assert states.waits_for.startswith("0 of 2 nodes in service; AWS has no capacity of this instance type")
    assert states.hopeless is None


def test_a_quota_below_one_node_is_hopeless(records: Callable[..., Any]) -> None:
    states = launch_fails(records, "VcpuLimitExceeded").states(2)
    assert "the account's quota of vCPUs for this kind of instance is exhausted" in states.waits_for
    assert states.hopeless is not None


def test_failures_before_the_run_do_not_count(records: Callable[..., Any]) -> None:
    launch_fails(records, "InsufficientInstanceCapacity")
    table = RunTable(ENVIRONMENT)
    table.now += timedelta(hours=1)  # the time at which the run is submitted
    assert "capacity" not in NodeWatch(table, EXPERIMENT).states(2).waits_for


def test_a_cluster_that_was_stopped_meanwhile_is_the_reason(records: Callable[..., Any]) -> None:
    make_group(records, nodes=0)
    assert a_watch().states(2).waits_for == (
        "0 of 2 nodes in service; it requests 0 nodes, because it was stopped while the run waited"
    )


def write_boot_log(client: Callable[..., Any], node: str, *lines: str) -> None:
    logs, stream = client("logs"), {"logGroupName": GROUP, "logStreamName": f"{node}/boot"}
    logs.create_log_group(logGroupName=GROUP)
    logs.create_log_stream(**stream)
    at = int(clock.now().timestamp() * 1000)
    logs.put_log_events(**stream, logEvents=[{"timestamp": at, "message": each} for each in lines])


def test_the_last_line_of_the_boot_log_is_shown_for_a_node_that_boots(records: Callable[..., Any]) -> None:
    first, second = sorted(booted(records))
    put_report(records, second, minutes_ago=120)  # of its last start
    write_boot_log(records, second, "start", "waiting for the GPUs")
    states = a_watch().states(2)
    assert states.ready == (first,)
    assert states.waits_for == f"waiting for the boot of {second}: waiting for the GPUs"


def put_report(client: Callable[..., Any], node: str, *, minutes_ago: int) -> None:
    report(client, node, minutes=1, guard_minutes_ago=minutes_ago)


def test_a_node_that_is_not_connected_is_the_reason(
    records: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = sorted(booted(records))
    # The local AWS connects every running instance.
    monkeypatch.setattr(NodeWatch, "_connected", lambda *_: {first})
    assert a_watch().states(2).waits_for == f"waiting for {second} to connect to Systems Manager"


def test_a_failed_boot_ends_the_wait_with_its_reason(records: Callable[..., Any]) -> None:
    first, _ = make_group(records)
    watch = a_watch()
    assert not watch.states(2).are_ready
    write_boot_log(records, first, "2026-11-30T00:39:35Z UNHEALTHY: the image has no CUDA 13.0", "{}")
    records("autoscaling").terminate_instance_in_auto_scaling_group(
        InstanceId=first, ShouldDecrementDesiredCapacity=True
    )
    states = watch.states(2)
    assert states.hopeless == f"the boot of {first} failed: the image has no CUDA 13.0"


class Clock:
    """A clock that only moves in pauses, and acts in them."""

    def __init__(self, acts: Iterable[Callable[[], object]] = ()) -> None:
        self.seconds = 0.0
        self._acts = list(acts)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        if self._acts:
            self._acts.pop(0)()


class Said:
    """The details of a step."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def wait_for(self, reason: str) -> None:
        self.lines.append(reason)

    def say(self, line: str) -> None:
        raise AssertionError(line)

    def conclude(self, result: str) -> None:
        raise AssertionError(result)


def waited(pauses: Clock, said: Said, read_run: Callable[[], Run | None] | None = None, *, seconds: float = 60) -> Any:
    put_run(status="waiting")
    return wait_for_nodes(
        a_watch(),
        2,
        seconds=seconds,
        step=said,
        read_run=read_run or (lambda: find_run(ENVIRONMENT, RUN_ID)),
        sleep=pauses.sleep,
        monotonic=lambda: pauses.seconds,
    )


def test_nodes_that_are_launched_later_are_waited_for(records: Callable[..., Any]) -> None:
    make_group(records, nodes=0)

    def grow() -> None:
        records("autoscaling").set_desired_capacity(AutoScalingGroupName=NAME, DesiredCapacity=2)
        for each in node_ids(records):
            report(records, each, minutes=1)

    pauses = Clock([lambda: None, grow])
    said = Said()
    states = waited(pauses, said)
    assert states.ready == tuple(sorted(node_ids(records)))
    assert states.conclusion == "2 of 2 are ready"
    assert len(said.lines) == 2
    assert pauses.seconds == 20


def test_the_wait_ends_in_time_with_the_reason(records: Callable[..., Any]) -> None:
    launch_fails(records, "InsufficientInstanceCapacity")
    pauses = Clock()
    with pytest.raises(NotReadyError, match="Not all nodes were ready after 2 minutes: 0 of 2 nodes in service; AWS"):
        waited(pauses, Said(), seconds=120)
    assert pauses.seconds == 120


def test_a_hopeless_wait_ends_at_once(records: Callable[..., Any]) -> None:
    launch_fails(records, "VcpuLimitExceeded")
    pauses = Clock()
    with pytest.raises(NotReadyError, match="The nodes cannot be started: the account's quota of vCPUs"):
        waited(pauses, Said())
    assert pauses.seconds == 0


def test_nodes_that_have_joined_by_their_guards_end_the_wait(records: Callable[..., Any]) -> None:
    make_group(records, nodes=0)

    def join() -> None:
        for each in ("i-1", "i-2"):
            put_node(each, step="joining")

    states = waited(Clock([join]), Said())
    assert not states.are_ready
    assert states.conclusion == "2 of 2 have joined the run"


def test_a_cancelled_run_ends_the_wait(records: Callable[..., Any]) -> None:
    make_group(records, nodes=0)
    pauses = Clock([lambda: put_run(status="cancelled")])
    states = waited(pauses, Said())
    assert (states.are_ready, states.conclusion) == (False, "the run has ended")
    assert pauses.seconds == 10


def test_a_cluster_that_was_stopped_before_is_stopped_again(records: Callable[..., Any]) -> None:
    make_group(records)
    text = stop_if_unused(ENVIRONMENT, EXPERIMENT.name, was_stopped=True, others=False)
    assert text == "The cluster, which was stopped before, is stopped again."
    assert node_ids(records) == []


@pytest.mark.parametrize(
    ("was_stopped", "others", "reason"), [(False, False, "because it ran before"), (True, True, "another run needs it")]
)
def test_a_cluster_that_is_used_keeps_running(
    records: Callable[..., Any], *, was_stopped: bool, others: bool, reason: str
) -> None:
    make_group(records)
    text = stop_if_unused(ENVIRONMENT, EXPERIMENT.name, was_stopped=was_stopped, others=others)
    assert reason in text
    assert len(node_ids(records)) == 2
