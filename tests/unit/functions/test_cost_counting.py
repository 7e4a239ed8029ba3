"""Counting of the cost of a cluster, whichever function stops it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.functions.clients import Clients
from mlinfra.functions.cost_counting import count_cost
from mlinfra.functions.fleet import Fleet
from mlinfra.functions.records import Records
from tests.unit.functions.cloud import NAME, PRICE, TABLE

if TYPE_CHECKING:
    from tests.unit.functions.cloud import Cloud
    from tests.unit.functions.faults import Faults


def counted(cloud: Cloud) -> float:
    return float(cloud.remembered()["cost_usd"]["N"])


def test_a_run_that_another_layer_stops_within_the_hour_is_counted(cloud: Cloud) -> None:
    cloud.group()
    cloud.now += timedelta(minutes=40)
    assert cloud.job_ended()["decision"] == "stopped"
    assert counted(cloud) == pytest.approx(2 * PRICE * 45 / 60, rel=0.05)


def launched_earlier(answer: dict[str, Any]) -> None:
    for reservation in answer["Reservations"]:
        for instance in reservation["Instances"]:
            instance["LaunchTime"] -= timedelta(minutes=40)


def test_nodes_that_nothing_of_ours_stopped_are_counted_while_ec2_describes_them(cloud: Cloud, faults: Faults) -> None:
    """As quiet hours do, in which no function is involved."""
    ids = cloud.group()
    cloud.autoscaling.set_desired_capacity(AutoScalingGroupName=NAME, DesiredCapacity=0)
    cloud.now += timedelta(minutes=30)
    faults.change("ec2.DescribeInstances", launched_earlier)
    target = Fleet(Clients()).group(NAME)
    assert target is not None
    target = replace(target, created_at=None, ended=tuple(node for node in target.ended if node.instance_id in ids))
    assert set(ids) <= {node.instance_id for node in target.ended if node.has_ended}
    cost = count_cost(Records(Clients(), TABLE), target, cloud.now)
    assert cost is not None
    assert counted(cloud) == pytest.approx(2 * PRICE * 40 / 60, rel=0.02)


def test_the_janitor_counts_volumes_of_running_and_of_stopped_nodes(cloud: Cloud) -> None:
    cloud.gpus(cloud.group(), 0)
    cloud.janitor()
    cloud.now += timedelta(hours=73)
    cloud.janitor()
    # Two volumes of 8 GiB, for a tenth of a month.
    gib_price = {"gp2": 0.1, "gp3": 0.08, "standard": 0.05}[cloud.volumes()[0]["VolumeType"]]
    assert float(cloud.remembered()["storage_usd"]["N"]) == pytest.approx(2 * 8 * gib_price / 10, rel=0.05)


def test_a_count_that_fails_is_logged_and_stops_nothing(
    cloud: Cloud, faults: Faults, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.group()
    faults.refuse("dynamodb.Query", "ThrottlingException")
    target = Fleet(Clients()).group(NAME)
    assert target is not None
    assert count_cost(Records(Clients(), TABLE), target, cloud.now) is None
    assert '"message": "Cost Not Counted"' in capsys.readouterr().out
