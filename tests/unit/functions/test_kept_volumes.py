"""Volumes of stopped nodes, and instances without a group."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mlinfra.functions import clock
from mlinfra.functions.contract import Event, Tag, Variable
from tests.unit.functions.cloud import NAME, OWNER

if TYPE_CHECKING:
    from tests.unit.functions.cloud import Cloud
    from tests.unit.functions.faults import Faults

WEEK = timedelta(days=7)


def test_volumes_outlive_their_nodes_with_deletion_time_and_owner(cloud: Cloud) -> None:
    cloud.gpus(cloud.group(), 0)
    cloud.janitor()
    volumes = cloud.volumes()
    assert [volume["State"] for volume in volumes] == ["available"] * 2
    assert volumes[0]["Tags"] == {
        Tag.AUTO_STOP: "true",
        Tag.OWNER: OWNER,
        Tag.EXPERIMENT: "two-tower",
        "Name": NAME,
        Tag.DELETE_AFTER: clock.written(cloud.now + WEEK),
    }


def test_volumes_are_deleted_once_their_time_has_come(cloud: Cloud) -> None:
    cloud.gpus(cloud.group(), 0)
    cloud.janitor()
    cloud.now += WEEK - timedelta(seconds=1)
    cloud.janitor()
    assert len(cloud.volumes()) == 2
    cloud.now += timedelta(seconds=1)
    assert cloud.janitor()["counts"]["deleted"] == 2
    assert cloud.volumes() == []
    events = cloud.heard(Event.VOLUMES_DELETED)
    assert [event["whose"] for event in events] == [OWNER, OWNER]
    assert cloud.janitor()["volumes"] == []


def test_a_dry_run_deletes_no_volume(cloud: Cloud) -> None:
    cloud.gpus(cloud.group(), 0)
    cloud.janitor()
    cloud.now += WEEK
    cloud.set(Variable.DRY_RUN, "true")
    assert cloud.janitor()["counts"]["would_delete"] == 2
    assert len(cloud.volumes()) == 2


def test_an_attached_volume_is_not_deleted(cloud: Cloud) -> None:
    node, _ = cloud.group()
    volume = cloud.ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    cloud.ec2.attach_volume(VolumeId=volume, InstanceId=node, Device="/dev/sdf")
    cloud.gpus(cloud.nodes(), 0)
    assert cloud.decisions() == {NAME: "stopped"}
    assert volume not in [each["VolumeId"] for each in cloud.volumes()]
    cloud.now += WEEK
    cloud.janitor()
    assert cloud.ec2.describe_volumes(VolumeIds=[volume])["Volumes"]


def test_the_time_of_grace_begins_when_a_node_that_stayed_goes(cloud: Cloud) -> None:
    ids = cloud.group(nodes=1, Expires=(cloud.now + 4 * WEEK).date().isoformat())
    cloud.protect(ids)
    cloud.job_ended()
    assert cloud.nodes() == ids
    cloud.now += 2 * WEEK
    cloud.janitor()
    (volume,) = cloud.volumes()
    assert volume["State"] == "in-use"
    assert volume["Tags"][Tag.DELETE_AFTER] == clock.written(cloud.now + WEEK)


def test_a_volume_with_an_invalid_deletion_time_is_kept_and_reported(cloud: Cloud) -> None:
    volume = cloud.ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    tags = [{"Key": Tag.AUTO_STOP, "Value": "true"}, {"Key": Tag.DELETE_AFTER, "Value": "never"}]
    cloud.ec2.create_tags(Resources=[volume], Tags=tags)
    assert cloud.janitor()["counts"] == {"failed": 1}
    (event,) = cloud.heard(Event.CLUSTER_LEFT)
    assert event["what"] == "could not be deleted"
    assert f"To delete it: aws ec2 delete-volume --volume-id {volume} --region us-east-1" in cloud.mail()[-1]["Message"]
    assert len(cloud.volumes()) == 1


def test_a_volume_of_something_that_may_not_be_stopped_is_left(cloud: Cloud) -> None:
    volume = cloud.ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    past = clock.written(cloud.now - WEEK)
    cloud.ec2.create_tags(Resources=[volume], Tags=[{"Key": Tag.DELETE_AFTER, "Value": past}])
    assert cloud.janitor()["volumes"] == []
    assert len(cloud.volumes()) == 1


def test_an_idle_instance_of_no_group_is_stopped_with_its_volumes(cloud: Cloud) -> None:
    alone = cloud.instance()
    cloud.gpus([alone], 0)
    assert cloud.decisions() == {alone: "stopped"}
    assert cloud.state_of(alone) == "stopped"
    assert cloud.volumes() == []
    assert cloud.decisions() == {alone: "nothing"}


def test_an_instance_of_no_group_is_terminated_after_its_time_of_grace(cloud: Cloud) -> None:
    alone = cloud.instance()
    cloud.gpus([alone], 0)
    cloud.janitor()
    cloud.now += WEEK - timedelta(seconds=1)
    assert cloud.decisions() == {alone: "nothing"}
    cloud.now += timedelta(seconds=1)
    assert cloud.decisions() == {alone: "terminated"}
    assert cloud.state_of(alone) == "terminated"
    assert [event["what"] for event in cloud.heard(Event.VOLUMES_DELETED)] == ["terminated, with its volumes"]
    assert cloud.decisions() == {}


def test_a_dry_run_terminates_nothing(cloud: Cloud) -> None:
    alone = cloud.instance()
    cloud.gpus([alone], 0)
    cloud.janitor()
    cloud.now += WEEK
    cloud.set(Variable.DRY_RUN, "true")
    assert cloud.decisions() == {alone: "would_terminate"}
    assert cloud.state_of(alone) == "stopped"


def test_an_instance_that_was_extended_after_it_was_stopped_is_kept(cloud: Cloud) -> None:
    alone = cloud.instance(Expires=cloud.yesterday)
    cloud.gpus([alone], 0)
    cloud.janitor()
    cloud.extend(cloud.last_day, alone)
    cloud.now += WEEK
    assert cloud.decisions() == {alone: "nothing"}


def test_an_instance_that_its_user_stopped_is_never_terminated(cloud: Cloud) -> None:
    alone = cloud.instance(Expires=cloud.yesterday)
    cloud.ec2.stop_instances(InstanceIds=[alone])
    for _ in range(2):
        cloud.now += 2 * WEEK
        assert cloud.decisions() == {alone: "nothing"}
    assert cloud.state_of(alone) == "stopped"


def test_an_instance_that_was_started_again_and_stopped_by_its_user_is_kept(cloud: Cloud, faults: Faults) -> None:
    alone = cloud.instance()
    cloud.gpus([alone], 0)
    assert cloud.decisions() == {alone: "stopped"}
    restarted = cloud.now + timedelta(hours=1)

    def started_again(answer: dict[str, Any]) -> None:
        """EC2 gives the time of the last start; the local AWS that of the first."""
        for reservation in answer["Reservations"]:
            for instance in reservation["Instances"]:
                instance["LaunchTime"] = restarted

    faults.change("ec2.DescribeInstances", started_again)
    cloud.now += 2 * WEEK
    assert cloud.decisions() == {alone: "nothing"}
    assert cloud.state_of(alone) == "stopped"


def test_a_working_instance_of_no_group_is_left(cloud: Cloud) -> None:
    alone = cloud.instance(Expires=cloud.yesterday)
    cloud.gpus([alone], 70)
    assert cloud.decisions() == {alone: "left"}
    assert cloud.state_of(alone) == "running"
