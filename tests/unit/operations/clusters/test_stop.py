"""Stop of a cluster whose job has just ended. Other stops are specified in test_control.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.errors import OperationError
from mlinfra.functions.contract import Activity, JobStatus, NodeReport, Table
from mlinfra.operations import clusters as operations
from mlinfra.operations.clusters.stop import JobJustEndedError
from mlinfra.runner import RunAttribute, RunStatus
from tests.unit.operations.clusters.account import ENVIRONMENT, NAME, node_ids, now, put_record, report

if TYPE_CHECKING:
    from collections.abc import Callable

    Client = Callable[..., Any]

RUN = "20261130-101500-7f3a"


def put_run(client: Client, status: str, *, job: str = JobStatus.RUNNING) -> None:
    """Record a run, and its job on the second node of the cluster."""
    put_record(client, f"{Table.RUN_PREFIX}{RUN}", **{RunAttribute.STATUS: status})
    times = {Table.HEARTBEAT_AT: now().timestamp()} | (
        {Table.ENDED_AT: now().timestamp()} if job != JobStatus.RUNNING else {}
    )
    put_record(client, f"{Table.JOB_PREFIX}{RUN}#1", **{Table.JOB_STATUS: job, Table.JOB_NAME: "train", **times})


def end_job(client: Client, *, seconds_ago: int) -> None:
    """Record a job that has ended."""
    attributes = {"status": JobStatus.COMPLETED, "ended_at": now().timestamp() - seconds_ago}
    put_record(client, f"{Table.JOB_PREFIX}20261130-101500-7f3a-0", **attributes)


def report_busy(client: Client, node: str) -> None:
    """Have the guard of `node` report the job, which it saw within its last minute."""
    report(client, node)
    client("dynamodb").update_item(
        TableName=ENVIRONMENT.names.records_table,
        Key={Table.CLUSTER: {"S": NAME}, Table.RECORD: {"S": f"{Table.NODE_PREFIX}{node}"}},
        UpdateExpression="SET #a = :busy, #w = :why",
        ExpressionAttributeNames={"#a": NodeReport.ACTIVITY, "#w": NodeReport.WHY},
        ExpressionAttributeValues={":busy": {"S": Activity.BUSY}, ":why": {"S": "a job runs"}},
    )


@pytest.mark.parametrize("protected", [True, False])
def test_a_cluster_is_stopped_without_the_pause_after_its_job(
    client: Client, make: Callable[..., list[str]], *, protected: bool
) -> None:
    for node in make(protected=protected):
        report(client, node, busy_minutes_ago=2)
    end_job(client, seconds_ago=90)
    stopped = operations.stop_cluster(ENVIRONMENT, "two-tower-v2")
    assert (stopped.cluster.state, stopped.terminated) == ("stopped", 2 if protected else 0)
    assert node_ids(client) == []


def test_activity_since_the_end_of_the_job_keeps_the_cluster(client: Client, make: Callable[..., list[str]]) -> None:
    for node in make():
        report(client, node, busy_minutes_ago=2)
    end_job(client, seconds_ago=15 * 60)
    with pytest.raises(OperationError, match=r"is in use: GPU utilization of .* reached 90%") as refused:
        operations.stop_cluster(ENVIRONMENT, "two-tower-v2")
    assert not isinstance(refused.value, JobJustEndedError)
    assert len(node_ids(client)) == 2


def test_reports_from_before_the_end_of_the_job_are_waited_out(client: Client, make: Callable[..., list[str]]) -> None:
    nodes = make()
    for node in nodes:
        report_busy(client, node)
    end_job(client, seconds_ago=5)
    said: list[str] = []

    def sleep(_: float) -> None:
        for node in nodes:
            report(client, node, minutes=1)

    stopped = operations.stop_cluster_once_reported(ENVIRONMENT, "two-tower-v2", say=said.append, sleep=sleep)
    assert stopped.cluster.state == "stopped"
    assert said == [f"The cluster of 'two-tower-v2' is in use: {'; '.join(f'{n} is busy: a job runs' for n in nodes)}"]


def test_the_wait_for_reports_is_limited(client: Client, make: Callable[..., list[str]]) -> None:
    for node in make():
        report_busy(client, node)
    end_job(client, seconds_ago=5)
    slept: list[float] = []
    with pytest.raises(JobJustEndedError, match="To stop it and lose what is running on it: --force"):
        operations.stop_cluster_once_reported(
            ENVIRONMENT, "two-tower-v2", say=lambda _: None, seconds=20, sleep=slept.append
        )
    assert sum(slept) == 20


def test_a_running_job_is_not_waited_for(client: Client, make: Callable[..., list[str]]) -> None:
    for node in make():
        report_busy(client, node)
    end_job(client, seconds_ago=5)
    put_record(client, f"{Table.JOB_PREFIX}other", status=JobStatus.RUNNING, heartbeat_at=now().timestamp())
    with pytest.raises(OperationError, match="job other is reported as running"):
        operations.stop_cluster_once_reported(ENVIRONMENT, "two-tower-v2", say=lambda _: None, sleep=lambda _: None)
    assert len(node_ids(client)) == 2


def test_nodes_that_have_not_recorded_the_end_of_a_cancelled_run_are_waited_for(
    client: Client, make: Callable[..., list[str]]
) -> None:
    nodes = make()
    for node in nodes:
        report(client, node, minutes=1)
    put_run(client, RunStatus.CANCELLED)
    said: list[str] = []

    def sleep(_: float) -> None:
        put_run(client, RunStatus.CANCELLED, job=JobStatus.FAILED)

    stopped = operations.stop_cluster_once_reported(ENVIRONMENT, "two-tower-v2", say=said.append, sleep=sleep)
    assert stopped.cluster.state == "stopped"
    assert said == [
        "The cluster of 'two-tower-v2' is in use: job train is reported as running, although its run has ended"
    ]


def test_a_node_that_goes_on_after_the_end_of_its_run_keeps_the_cluster(
    client: Client, make: Callable[..., list[str]]
) -> None:
    make()
    put_run(client, RunStatus.FAILED)
    slept: list[float] = []
    with pytest.raises(JobJustEndedError, match="job train is reported as running, although its run has ended"):
        operations.stop_cluster_once_reported(
            ENVIRONMENT, "two-tower-v2", say=lambda _: None, seconds=20, sleep=slept.append
        )
    assert sum(slept) == 20
    assert len(node_ids(client)) == 2


@pytest.mark.parametrize("status", RunStatus.ACTIVE)
def test_the_job_of_an_active_run_is_not_waited_for(
    client: Client, make: Callable[..., list[str]], status: str
) -> None:
    make()
    put_run(client, status)
    with pytest.raises(OperationError, match=r"job train is reported as running\. Nothing was changed") as refused:
        operations.stop_cluster(ENVIRONMENT, "two-tower-v2")
    assert not isinstance(refused.value, JobJustEndedError)


def test_another_running_job_beside_that_of_an_ended_run_is_not_waited_for(
    client: Client, make: Callable[..., list[str]]
) -> None:
    make()
    put_run(client, RunStatus.CANCELLED)
    put_record(client, f"{Table.JOB_PREFIX}other", status=JobStatus.RUNNING, heartbeat_at=now().timestamp())
    with pytest.raises(OperationError, match="job other is reported as running") as refused:
        operations.stop_cluster(ENVIRONMENT, "two-tower-v2")
    assert not isinstance(refused.value, JobJustEndedError)
