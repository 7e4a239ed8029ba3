"""Effects of the alarm about idle GPUs on its cluster."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.functions import idle
from mlinfra.functions.contract import Activity, Event, Variable
from mlinfra.functions.fleet import DescribeFailedError
from mlinfra.functions.shutdown import IncompleteRunError
from tests.unit.functions.cloud import NAME

if TYPE_CHECKING:
    from tests.unit.functions.cloud import Cloud
    from tests.unit.functions.faults import Faults

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("by_eventbridge", [False, True])
def test_a_cluster_that_is_idle_is_stopped(cloud: Cloud, by_eventbridge: bool) -> None:  # noqa: FBT001
    cloud.gpus(cloud.group(), 0)
    answer = cloud.alarm(by_eventbridge=by_eventbridge)
    assert answer == {
        "cluster": NAME,
        "decision": "stopped",
        "reason": "GPU utilization was below 5% for 30 minutes",
    }
    assert (cloud.size(), len(cloud.volumes())) == (0, 2)
    assert len(cloud.heard(Event.CLUSTER_STOPPED)) == 1


def test_one_node_without_metrics_keeps_all_and_is_reported(cloud: Cloud) -> None:
    ids = cloud.group()
    cloud.gpus(ids[:1], 0)
    assert cloud.alarm()["decision"] == "left"
    (event,) = cloud.heard(Event.CLUSTER_LEFT)
    assert f"{ids[1]} has no GPU metrics" in event["why"]


def test_a_job_that_says_that_it_runs_keeps_it(cloud: Cloud) -> None:
    cloud.gpus(cloud.group(), 0)
    cloud.job()
    assert cloud.alarm()["decision"] == "left"


def test_a_cluster_with_stop_when_idle_false_is_only_reported(cloud: Cloud) -> None:
    cloud.gpus(cloud.group(StopWhenIdle="false"), 0)
    assert cloud.alarm()["decision"] == "left"
    assert len(cloud.mail()) == 1
    assert cloud.size() == 2


def test_the_event_of_an_idle_node_stops_its_cluster_at_once(cloud: Cloud) -> None:
    cloud.report(cloud.group(VacantMinutes="5"), idle=5 * MINUTE, vacant=5 * MINUTE)
    answer = cloud.node_idle()
    assert answer == {
        "cluster": NAME,
        "decision": "stopped",
        "reason": "its nodes reported for 5 minutes that nothing on them can start work",
    }
    assert (cloud.size(), cloud.node_idle()["decision"]) == (0, "nothing")
    assert len(cloud.heard(Event.CLUSTER_STOPPED)) == 1


def test_the_event_of_one_node_does_not_stop_a_cluster_whose_other_nodes_work(cloud: Cloud) -> None:
    first, second = cloud.group(VacantMinutes="5")
    cloud.report([first], vacant=5 * MINUTE)
    cloud.report([second], Activity.BUSY)
    assert cloud.node_idle()["decision"] == "left"
    assert cloud.size() == 2


def test_the_event_of_a_node_releases_it_where_nodes_leave_one_by_one(cloud: Cloud) -> None:
    first, second = cloud.group(VacantMinutes="5", Gang="false")
    cloud.report([first], idle=5 * MINUTE, vacant=5 * MINUTE)
    cloud.report([second], Activity.BUSY)
    assert cloud.node_idle()["decision"] == "left"
    assert cloud.nodes() == [second]


def test_the_event_of_a_node_of_another_environment_changes_nothing(cloud: Cloud) -> None:
    cloud.report(cloud.group(Environment="prod"))
    cloud.set(Variable.ENVIRONMENT, "dev")
    assert cloud.node_idle()["decision"] == "nothing"
    cloud.set(Variable.PREFIX, "recsys-prod-")
    assert cloud.node_idle()["decision"] == "nothing"
    assert cloud.size() == 2


def test_the_event_of_a_node_of_a_deleted_cluster_changes_nothing(cloud: Cloud) -> None:
    assert cloud.node_idle("recsys-dev-gone")["reason"] == "the auto scaling group does not exist"


def test_the_event_of_a_node_must_name_its_cluster(cloud: Cloud) -> None:  # noqa: ARG001  has the variables
    with pytest.raises(ValueError, match="the event lacks a cluster"):
        idle.handler({"source": Event.NODE_SOURCE, "detail-type": Event.NODE_IDLE, "detail": {}}, None)


@pytest.mark.parametrize("state", ["OK", "INSUFFICIENT_DATA"])
def test_an_alarm_that_is_over_or_knows_nothing_stops_nothing(cloud: Cloud, state: str) -> None:
    cloud.gpus(cloud.group(), 0)
    assert cloud.alarm(state=state) == {
        "cluster": NAME,
        "decision": "nothing",
        "reason": f"the state of the alarm is {state}",
    }
    assert cloud.size() == 2


def test_an_alarm_that_comes_twice_stops_once(cloud: Cloud) -> None:
    cloud.gpus(cloud.group(), 0)
    assert [cloud.alarm()["decision"] for _ in range(2)] == ["stopped", "nothing"]
    assert len(cloud.heard()) == 1


def test_clusters_of_other_environments_are_not_touched(cloud: Cloud) -> None:
    cloud.gpus(cloud.group(), 0)
    cloud.set(Variable.PREFIX, "recsys-prod-")
    assert cloud.alarm()["decision"] == "left"


def test_the_alarm_of_a_cluster_with_a_similar_name_changes_nothing(cloud: Cloud) -> None:
    cloud.gpus(cloud.group(Environment="dev-eu"), 0)
    assert cloud.alarm()["decision"] == "left"
    assert cloud.size() == 2


def test_a_cluster_that_cannot_be_described_is_left_running_and_reported(cloud: Cloud, faults: Faults) -> None:
    cloud.gpus(cloud.group(), 0)
    faults.refuse("auto-scaling.DescribeAutoScalingGroups", "AccessDenied")
    with pytest.raises(
        DescribeFailedError, match="its idle alarm is in ALARM state, but the state of the cluster could not be read"
    ):
        cloud.alarm()
    assert len(cloud.heard(Event.CLUSTER_LEFT)) == 1


def test_an_undelivered_notification_is_an_error(cloud: Cloud, faults: Faults) -> None:
    cloud.gpus(cloud.group(), 0)
    faults.refuse("sns.Publish", "InternalFailure")
    with pytest.raises(IncompleteRunError, match=f"{NAME}: the message was not sent: InternalFailure"):
        cloud.alarm()
    assert cloud.size() == 0


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (
            {"source": "aws.ec2", "detail": {"state": {"value": "ALARM"}}},
            "expected a state change of a CloudWatch alarm",
        ),
        (
            {"source": "aws.cloudwatch", "alarmData": {"state": {"value": "ALARM"}}},
            "must be about one auto scaling group, but is about 0",
        ),
    ],
)
@pytest.mark.usefixtures("cloud")
def test_another_event_is_refused(event: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        idle.handler(event, None)
