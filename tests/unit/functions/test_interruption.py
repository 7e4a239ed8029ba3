"""Notices before EC2 terminates nodes: to owners, and to jobs through the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.functions import interruption
from mlinfra.functions.contract import Event, Message, Table, Tag
from mlinfra.functions.shutdown import IncompleteRunError
from tests.unit.functions.cloud import NAME, OWNER, TABLE

if TYPE_CHECKING:
    from tests.unit.functions.cloud import Cloud
    from tests.unit.functions.faults import Faults

BLOCK = "cr-0123456789abcdef0"


def spot(instance_id: str, **changes: Any) -> dict[str, Any]:
    event = {
        "source": "aws.ec2",
        "detail-type": "EC2 Spot Instance Interruption Warning",
        "time": "2026-12-01T10:00:00Z",
        "detail": {"instance-id": instance_id, "instance-action": "terminate"},
    }
    return event | changes


def block_ends(kind: str = Event.BLOCK_ENDS[0]) -> dict[str, Any]:
    detail = {"capacity-reservation-id": BLOCK, "end-date": "2026-12-08T11:30:00Z"}
    return {"source": "aws.ec2", "detail-type": kind, "time": "2026-12-08T10:50:00Z", "detail": detail}


def notice(cloud: Cloud, instance_id: str) -> tuple[int, str] | None:
    key = {Table.CLUSTER: {"S": NAME}, Table.RECORD: {"S": f"notice#{instance_id}"}}
    item = cloud.dynamodb.get_item(TableName=TABLE, Key=key).get("Item")
    return (int(item["ends_at"]["N"]), item["reason"]["S"]) if item else None


def test_a_spot_interruption_notifies_the_owner_and_the_jobs_of_the_node(cloud: Cloud) -> None:
    first, second = cloud.group()
    assert interruption.handler(spot(first), None) == {"nodes": {NAME: 1}}
    (mail,) = cloud.mail()
    assert mail["Subject"] == f"{NAME}: EC2 terminates 1 node at 2026-12-01T10:02:00Z"
    assert first in mail["Message"]
    assert mail["MessageAttributes"][Message.OWNER]["Value"] == OWNER
    assert notice(cloud, first) == (1_796_119_320, "EC2 reclaims its capacity")
    assert notice(cloud, second) is None
    (event,) = cloud.heard(Event.NODES_INTERRUPTED)
    assert event["instance_ids"] == [first]


@pytest.mark.parametrize("kind", Event.BLOCK_ENDS)
def test_the_end_of_a_capacity_block_notifies_all_its_nodes_when_ec2_begins_to_terminate_them(
    cloud: Cloud, kind: str
) -> None:
    nodes = cloud.group(**{Tag.CAPACITY_BLOCK: BLOCK})
    assert interruption.handler(block_ends(kind), None) == {"nodes": {NAME: 2}}
    (mail,) = cloud.mail()
    assert mail["Subject"] == f"{NAME}: EC2 terminates 2 nodes at 2026-12-08T11:00:00Z"
    assert f"the Capacity Block {BLOCK} ends at 2026-12-08T11:30:00Z" in mail["Message"]
    for node in nodes:
        assert notice(cloud, node) is not None


def test_an_event_that_is_delivered_again_is_not_reported_again(cloud: Cloud) -> None:
    first, _ = cloud.group()
    for _attempt in range(2):
        interruption.handler(spot(first), None)
    assert len(cloud.mail()) == 1


def test_nodes_of_other_environments_and_instances_outside_groups_are_skipped(cloud: Cloud) -> None:
    first, _ = cloud.group("recsys-prod-two-tower")
    alike, _ = cloud.group("recsys-dev-eu-two-tower", Environment="dev-eu")
    for instance_id in (first, alike, "i-0123456789abcdef0"):
        assert interruption.handler(spot(instance_id), None) == {"nodes": {}}
    assert cloud.mail() == []


def test_a_message_that_was_not_accepted_is_sent_when_the_event_is_delivered_again(
    cloud: Cloud, faults: Faults
) -> None:
    first, _ = cloud.group()
    faults.refuse("sns.Publish", "InternalErrorException")
    with pytest.raises(IncompleteRunError, match="the message was not sent: InternalErrorException"):
        interruption.handler(spot(first), None)
    faults.end()
    interruption.handler(spot(first), None)
    assert len(cloud.mail()) == 1


def test_it_stops_nothing(cloud: Cloud) -> None:
    first, _ = cloud.group()
    interruption.handler(spot(first), None)
    assert cloud.size() == 2


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ({"source": "aws.ec2", "detail-type": "EC2 Instance State-change Notification"}, "expected one of the events"),
        (spot("i-1", detail={}), "the event lacks a time, an instance or a reservation"),
        (spot("i-1", time="soon"), "the event lacks a time, an instance or a reservation"),
    ],
    ids=["other-event", "no-instance", "no-time"],
)
def test_another_event_is_an_error(cloud: Cloud, event: dict[str, Any], why: str) -> None:  # noqa: ARG001
    with pytest.raises(ValueError, match=why):
        interruption.handler(event, None)
