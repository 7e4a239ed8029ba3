"""Notifications about unhealthy nodes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.functions import node_unhealthy
from mlinfra.functions.contract import Event, Message
from mlinfra.functions.shutdown import IncompleteRunError
from tests.unit.functions.cloud import NAME, OWNER

if TYPE_CHECKING:
    from tests.unit.functions.cloud import Cloud
    from tests.unit.functions.faults import Faults

REASON = "its driver is 580.1, and 595.91.07 is expected"


def deliver(*, cluster: str = NAME, instance_id: str = "i-1", reason: str = REASON, **more: Any) -> dict[str, str]:
    detail = {"cluster": cluster, "instance_id": instance_id, "reason": reason, **more}
    event = {"source": Event.NODE_SOURCE, "detail-type": Event.NODE_UNHEALTHY, "detail": detail}
    return node_unhealthy.handler(event, None)


def test_the_owner_gets_a_message_that_says_which_node_and_why(cloud: Cloud) -> None:
    cloud.group()
    assert deliver() == {"cluster": NAME, "decision": "told", "reason": REASON}
    (mail,) = cloud.mail()
    assert mail["Subject"] == f"{NAME}: node i-1 is unhealthy and is removed"
    assert REASON in mail["Message"]
    assert mail["MessageAttributes"][Message.OWNER]["Value"] == OWNER
    (event,) = cloud.heard(Event.NODE_LEFT)
    assert event["instance_id"] == "i-1"


@pytest.mark.parametrize(
    ("detail", "fault", "consequence"),
    [
        ({}, "image", "This is an image fault: the node terminates itself and is not replaced"),
        ({"fault": "image", "replaced": False}, "image", "The desired capacity of the cluster is lowered by one"),
        (
            {"fault": "hardware", "replaced": True},
            "hardware",
            "This is a hardware fault: the node terminates itself and is replaced by a new node",
        ),
        (
            {"fault": "hardware", "replaced": False},
            "hardware",
            "not replaced, since the cluster reached its limit of replacements for this day",
        ),
    ],
)
def test_the_message_tells_the_kind_of_fault_and_its_consequence(
    cloud: Cloud, detail: dict[str, Any], fault: str, consequence: str
) -> None:
    cloud.group()
    deliver(**detail)
    (mail,) = cloud.mail()
    assert consequence in mail["Message"]
    (event,) = cloud.heard(Event.NODE_LEFT)
    assert event["fault"] == fault


def test_nodes_with_the_same_failure_are_reported_once_an_hour(cloud: Cloud) -> None:
    cloud.group()
    for number in range(3):
        deliver(instance_id=f"i-{number}")
    assert len(cloud.mail()) == 1
    deliver(instance_id="i-4", reason="it has 7 GPUs, and 8 are expected")
    assert len(cloud.mail()) == 1


def test_the_next_hour_tells_it_again(cloud: Cloud) -> None:
    cloud.group()
    deliver()
    cloud.now += timedelta(hours=1)
    assert deliver()["decision"] == "told"
    assert len(cloud.mail()) == 2


def test_a_node_of_a_deleted_group_is_reported_to_all_recipients(cloud: Cloud) -> None:
    assert deliver()["decision"] == "told"
    (mail,) = cloud.mail()
    assert mail["MessageAttributes"][Message.OWNER]["Value"] == "unknown"


def test_a_node_is_reported_although_its_group_cannot_be_described(cloud: Cloud, faults: Faults) -> None:
    cloud.group()
    faults.refuse("auto-scaling.DescribeAutoScalingGroups", "Throttling")
    assert deliver()["decision"] == "told"


def test_a_node_is_reported_although_the_table_does_not_respond(cloud: Cloud, faults: Faults) -> None:
    cloud.group()
    faults.refuse("dynamodb.UpdateItem", "ThrottlingException")
    assert deliver()["decision"] == "told"
    assert len(cloud.mail()) == 1


def test_a_message_that_was_not_taken_is_sent_when_the_event_comes_again(cloud: Cloud, faults: Faults) -> None:
    cloud.group()
    faults.refuse("sns.Publish", "InternalErrorException")
    with pytest.raises(IncompleteRunError, match="the message was not sent: InternalErrorException"):
        deliver()
    faults.end()
    assert deliver()["decision"] == "told"


def test_a_node_of_another_environment_is_for_its_own_function(cloud: Cloud) -> None:
    cloud.group("recsys-dev-eu-two-tower", Environment="dev-eu")
    for cluster in ("recsys-prod-two-tower", "recsys-dev-eu-two-tower"):
        assert deliver(cluster=cluster)["decision"] == "nothing"
    assert cloud.mail() == []


def test_it_stops_nothing(cloud: Cloud) -> None:
    cloud.group()
    deliver()
    assert cloud.size() == 2


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ({"source": "mlinfra.job", "detail-type": "Training Job Ended"}, "expected an event 'Training Node Unhealthy'"),
        (
            {"source": Event.NODE_SOURCE, "detail-type": Event.NODE_UNHEALTHY, "detail": {"cluster": NAME}},
            "the event lacks a cluster, an instance id or a reason",
        ),
    ],
)
def test_another_event_is_an_error(cloud: Cloud, event: dict[str, Any], why: str) -> None:  # noqa: ARG001
    with pytest.raises(ValueError, match=why):
        node_unhealthy.handler(event, None)
