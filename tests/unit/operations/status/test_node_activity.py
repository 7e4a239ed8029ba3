"""Nodes of clusters as they are now."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.functions.contract import Metric, NodeReport, Table, Tag
from mlinfra.functions.prices import on_demand_price
from mlinfra.operations.status import NodeMonitor
from mlinfra.runner import RunAttribute, RunKey, RunStatus, run_index
from tests.unit.operations.clusters.account import ENVIRONMENT, NAME, now, put_record, report

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.operations.status import NodeActivity

    Client = Callable[..., Any]
    Make = Callable[..., list[str]]


def nodes() -> tuple[NodeActivity, ...]:
    return NodeMonitor(ENVIRONMENT).read().nodes


def put_metric(client: Client, node: str, name: str, value: float, *, minutes_ago: int = 1) -> None:
    client("cloudwatch").put_metric_data(
        Namespace=Metric.NAMESPACE,
        MetricData=[
            {
                "MetricName": name,
                "Dimensions": [{"Name": Metric.INSTANCE, "Value": node}],
                "Timestamp": now() - timedelta(minutes=minutes_ago),
                "Value": value,
            }
        ],
    )


def test_a_node_is_described_by_its_guard_and_its_agent(make: Make, client: Client) -> None:
    node, _ = make()
    put_record(
        client,
        f"{Table.NODE_PREFIX}{node}",
        **{
            NodeReport.REPORTED_AT: now().timestamp(),
            NodeReport.ACTIVITY: "busy",
            NodeReport.WHY: "1 compute process of ubuntu",
            NodeReport.IDLE_SECONDS: 0,
            NodeReport.ACCELERATOR_PERCENT: 93,
            NodeReport.NETWORK_BYTES: 6_000_000,
            NodeReport.USERS: "ubuntu,ana",
        },
    )
    put_metric(client, node, Metric.GPU_MEMORY_USED, 18_000)
    put_metric(client, node, Metric.GPU_MEMORY_TOTAL, 24_000)
    put_metric(client, node, Metric.GPU_TEMPERATURE, 71)
    found = next(each for each in nodes() if each.instance_id == node)
    assert (found.activity, found.why, found.idle_minutes) == ("busy", "1 compute process of ubuntu", 0)
    assert (found.gpu_percent, found.memory_percent, found.temperature) == (93, 75, 71)
    assert (found.network_bytes, found.users) == (100_000, ("ubuntu", "ana"))
    assert (found.experiment, found.owner, found.instance_type) == ("two-tower-v2", "ana@example.com", "g5.xlarge")


def test_nodes_are_numbered_in_the_order_of_launch(make: Make) -> None:
    ids = make()
    found = nodes()
    assert [each.number for each in found] == [0, 1]
    assert sorted(each.instance_id for each in found) == sorted(ids)


def test_the_history_has_a_value_for_each_minute_and_gaps(make: Make, client: Client) -> None:
    node, _ = make()
    for ago, percent in ((1, 90), (2, 80), (5, 10)):
        put_metric(client, node, Metric.GPU_UTILISATION, percent, minutes_ago=ago)
    found = next(each for each in nodes() if each.instance_id == node)
    assert len(found.gpu_history) == 30
    assert sorted(each for each in found.gpu_history if each is not None) == [10, 80, 90]
    assert found.gpu_percent == 90


def test_a_silent_guard_leaves_activity_and_idleness_unknown(make: Make, client: Client) -> None:
    node, _ = make()
    report(client, node, guard_minutes_ago=13)
    found = next(each for each in nodes() if each.instance_id == node)
    assert (found.activity, found.idle_minutes, found.network_bytes) == ("silent", None, None)
    assert found.gpu_percent == 1


def test_the_run_of_a_node_is_the_one_that_it_reports(make: Make, client: Client) -> None:
    node, other = make()
    run_id = f"{now():%Y%m%d-%H%M%S}-7f3a"
    key = RunKey(NAME, run_id)
    seconds = now().timestamp()
    put_record(client, key.run[Table.RECORD], status=RunStatus.RUNNING, run_name="train", attempt=1)
    put_record(client, key.node(1, node)[Table.RECORD], seen_at=seconds, step="running")
    put_record(client, key.node(1, other)[Table.RECORD], seen_at=seconds - 3600, step="running")
    client("dynamodb").put_item(
        TableName=ENVIRONMENT.names.records_table,
        Item={
            Table.CLUSTER: {"S": run_index(run_id)},
            Table.RECORD: {"S": run_id},
            RunAttribute.PARTITION: {"S": NAME},
        },
    )
    assert {each.instance_id: each.run_id for each in nodes()} == {node: run_id, other: None}


def test_the_cost_of_a_node_counts_from_its_launch(make: Make) -> None:
    make()
    monitor = NodeMonitor(ENVIRONMENT, now=lambda: now() + timedelta(hours=2))
    price = on_demand_price("g5.xlarge")
    assert price is not None
    (found, _) = monitor.read().nodes
    assert found.usd_per_hour == price.usd_per_hour
    assert found.usd_so_far == pytest.approx(2 * price.usd_per_hour, rel=0.02)


def test_metrics_are_read_once_a_minute_and_reports_each_time(
    make: Make, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make()
    del client
    moments = [now() + timedelta(seconds=each) for each in (0, 5, 10, 59, 60)]
    times = iter(moments)
    monitor = NodeMonitor(ENVIRONMENT, now=lambda: next(times))
    calls: list[str] = []
    from mlinfra.operations.status import node_activity

    read = node_activity.histories

    def counted(*arguments: Any) -> Any:
        calls.append(arguments[3].name)
        return read(*arguments)

    monkeypatch.setattr(node_activity, "histories", counted)
    for _ in moments:
        monitor.read()
    assert calls.count(Metric.GPU_UTILISATION) == 2


def test_clusters_of_other_environments_are_left_out(make: Make) -> None:
    make("recsys-prod-two-tower-v2", **{Tag.ENVIRONMENT: "prod"})
    assert nodes() == ()
