"""Capacity reservations of EC2."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.local_aws.mechanisms.launch_errors import LAUNCH_ERROR_TAG
from tests.local_aws import image_ids
from tests.unit.local_aws.conftest import error_code

if TYPE_CHECKING:
    from collections.abc import Callable

G5 = {
    "InstanceType": "g5.xlarge",
    "InstancePlatform": "Linux/UNIX",
    "AvailabilityZone": "us-east-1a",
    "InstanceCount": 2,
}


FAR = datetime(2099, 1, 1, tzinfo=timezone.utc)


def reserve(ec2: Any, **changes: Any) -> dict[str, Any]:
    reservation: dict[str, Any] = ec2.create_capacity_reservation(**{**G5, **changes})["CapacityReservation"]
    return reservation


def described(ec2: Any, identifier: str) -> dict[str, Any]:
    (found,) = ec2.describe_capacity_reservations(CapacityReservationIds=[identifier])["CapacityReservations"]
    return dict(found)


def test_a_reservation_is_active_immediately_and_open_by_default(ec2: Any) -> None:
    found = described(ec2, reserve(ec2)["CapacityReservationId"])
    assert (found["State"], found["TotalInstanceCount"], found["AvailableInstanceCount"]) == ("active", 2, 2)
    assert (found["InstanceMatchCriteria"], found["EndDateType"], found["Tenancy"]) == ("open", "unlimited", "default")
    assert found["AvailabilityZoneId"].startswith("use1-az")
    assert found["CapacityReservationArn"].endswith(f":capacity-reservation/{found['CapacityReservationId']}")


def test_a_reservation_can_be_targeted_in_a_placement_group(ec2: Any) -> None:
    group = ec2.create_placement_group(GroupName="cr-near", Strategy="cluster")["PlacementGroup"]
    made = reserve(ec2, InstanceMatchCriteria="targeted", PlacementGroupArn=group["GroupArn"])
    assert (made["InstanceMatchCriteria"], made["PlacementGroupArn"]) == ("targeted", group["GroupArn"])


def test_instances_of_its_placement_group_run_in_it(ec2: Any) -> None:
    group = ec2.create_placement_group(GroupName="cr-used", Strategy="cluster")["PlacementGroup"]
    identifier = reserve(ec2, PlacementGroupArn=group["GroupArn"])["CapacityReservationId"]
    image = image_ids(ec2)[0]
    launch = {"ImageId": image, "InstanceType": "g5.xlarge", "MinCount": 1, "MaxCount": 1}
    ec2.run_instances(**launch)
    assert described(ec2, identifier)["AvailableInstanceCount"] == 2
    (instance,) = ec2.run_instances(**launch, Placement={"GroupName": "cr-used"})["Instances"]
    assert described(ec2, identifier)["AvailableInstanceCount"] == 1
    ec2.cancel_capacity_reservation(CapacityReservationId=identifier)
    (found,) = ec2.describe_instances(InstanceIds=[instance["InstanceId"]])["Reservations"]
    assert found["Instances"][0]["State"]["Name"] == "running"
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])


def test_a_reservation_is_made_for_all_its_instances_or_refused(ec2: Any, client: Callable[..., Any]) -> None:
    autoscaling = client("autoscaling")
    group = ec2.create_placement_group(GroupName="cr-scarce", Strategy="cluster")["PlacementGroup"]
    image = image_ids(ec2)[0]
    ec2.create_launch_template(
        LaunchTemplateName="cr-scarce", LaunchTemplateData={"ImageId": image, "InstanceType": "g5.xlarge"}
    )
    tag = {"Key": LAUNCH_ERROR_TAG, "Value": "InsufficientInstanceCapacity above 1", "PropagateAtLaunch": False}
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="cr-scarce",
        LaunchTemplate={"LaunchTemplateName": "cr-scarce"},
        MinSize=0,
        MaxSize=2,
        AvailabilityZones=["us-east-1a"],
        PlacementGroup="cr-scarce",
        Tags=[tag],
    )
    place = {"PlacementGroupArn": group["GroupArn"]}
    refused = {**G5, **place}
    assert error_code(ec2.create_capacity_reservation, **refused) == "InsufficientInstanceCapacity"
    assert reserve(ec2, **place, InstanceCount=1)["TotalInstanceCount"] == 1
    assert reserve(ec2)["TotalInstanceCount"] == 2, "outside of the placement group there is capacity"


def test_count_end_and_criteria_can_be_changed(ec2: Any) -> None:
    identifier = reserve(ec2, InstanceMatchCriteria="targeted")["CapacityReservationId"]
    changes = {"InstanceCount": 5, "EndDateType": "limited", "EndDate": FAR, "InstanceMatchCriteria": "open"}
    ec2.modify_capacity_reservation(CapacityReservationId=identifier, **changes)
    found = described(ec2, identifier)
    assert {name: found[name] for name in changes if name != "InstanceCount"} == {
        name: value for name, value in changes.items() if name != "InstanceCount"
    }
    assert found["TotalInstanceCount"] == 5
    ec2.modify_capacity_reservation(CapacityReservationId=identifier, EndDateType="unlimited")
    assert "EndDate" not in described(ec2, identifier)


def test_a_cancelled_reservation_is_described_and_cannot_be_changed(ec2: Any) -> None:
    identifier = reserve(ec2)["CapacityReservationId"]
    ec2.cancel_capacity_reservation(CapacityReservationId=identifier)
    found = described(ec2, identifier)
    assert (found["State"], found["AvailableInstanceCount"]) == ("cancelled", 0)
    change = {"CapacityReservationId": identifier}
    assert error_code(ec2.cancel_capacity_reservation, **change) == "InvalidCapacityReservationState"
    assert error_code(ec2.modify_capacity_reservation, **change, InstanceCount=1) == "InvalidCapacityReservationState"


def test_the_same_client_token_returns_the_same_reservation(ec2: Any) -> None:
    first, second = (reserve(ec2, ClientToken="twice")["CapacityReservationId"] for _ in range(2))
    assert first == second


def test_reservations_are_filtered_and_paged(ec2: Any) -> None:
    tags = [{"ResourceType": "capacity-reservation", "Tags": [{"Key": "Team", "Value": "paging"}]}]
    ids = {reserve(ec2, TagSpecifications=tags)["CapacityReservationId"] for _ in range(3)}
    pages = ec2.get_paginator("describe_capacity_reservations").paginate(
        Filters=[{"Name": "tag:Team", "Values": ["paging"]}, {"Name": "state", "Values": ["active"]}],
        PaginationConfig={"PageSize": 2},
    )
    found = [[each["CapacityReservationId"] for each in page["CapacityReservations"]] for page in pages]
    assert [len(each) for each in found] == [2, 1]
    assert {each for page in found for each in page} == ids


def test_tags_are_added_later(ec2: Any) -> None:
    identifier = reserve(ec2)["CapacityReservationId"]
    ec2.create_tags(Resources=[identifier], Tags=[{"Key": "Team", "Value": "ml"}])
    assert described(ec2, identifier)["Tags"] == [{"Key": "Team", "Value": "ml"}]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"InstanceType": "g5.colossal"}, "InvalidParameterValue"),
        ({"InstancePlatform": "BeOS"}, "InvalidParameterValue"),
        ({"AvailabilityZone": "us-east-1z"}, "InvalidParameterValue"),
        ({"InstanceCount": 0}, "InvalidParameterValue"),
        ({"EndDateType": "limited"}, "InvalidParameterCombination"),
        ({"EndDateType": "unlimited", "EndDate": FAR}, "InvalidParameterCombination"),
        ({"EndDateType": "limited", "EndDate": datetime(2001, 1, 1, tzinfo=timezone.utc)}, "InvalidParameterValue"),
        (
            {"PlacementGroupArn": "arn:aws:ec2:us-east-1:123456789012:placement-group/no"},
            "InvalidPlacementGroup.Unknown",
        ),
        ({"DryRun": True}, "DryRunOperation"),
    ],
)
def test_invalid_input_is_refused(ec2: Any, changes: dict[str, Any], code: str) -> None:
    assert error_code(ec2.create_capacity_reservation, **{**G5, **changes}) == code


@pytest.mark.parametrize(
    ("identifier", "code"),
    [
        ("cr-00000000000000000", "InvalidCapacityReservationId.NotFound"),
        ("reservation", "InvalidCapacityReservationId.Malformed"),
    ],
)
def test_an_unknown_reservation_is_refused(ec2: Any, identifier: str, code: str) -> None:
    assert error_code(ec2.describe_capacity_reservations, CapacityReservationIds=[identifier]) == code
    assert error_code(ec2.cancel_capacity_reservation, CapacityReservationId=identifier) == code
