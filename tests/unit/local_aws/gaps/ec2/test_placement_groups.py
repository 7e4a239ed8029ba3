"""Placement groups of EC2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.local_aws.conftest import error_code

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_group_is_available_immediately_with_the_settings_of_its_strategy(ec2: Any) -> None:
    groups = [
        ec2.create_placement_group(GroupName="pg-near", Strategy="cluster")["PlacementGroup"],
        ec2.create_placement_group(GroupName="pg-apart", Strategy="spread")["PlacementGroup"],
        ec2.create_placement_group(GroupName="pg-parts", Strategy="partition", PartitionCount=3)["PlacementGroup"],
    ]
    assert {each["State"] for each in groups} == {"available"}
    assert groups[1]["SpreadLevel"] == "rack"
    assert groups[2]["PartitionCount"] == 3
    assert groups[0]["GroupArn"] == "arn:aws:ec2:us-east-1:123456789012:placement-group/pg-near"


def test_a_duplicate_name_is_refused(ec2: Any) -> None:
    ec2.create_placement_group(GroupName="pg-once", Strategy="cluster")
    assert error_code(ec2.create_placement_group, GroupName="pg-once") == "InvalidPlacementGroup.Duplicate"


def test_an_unknown_group_is_refused(ec2: Any) -> None:
    assert error_code(ec2.describe_placement_groups, GroupNames=["pg-none"]) == "InvalidPlacementGroup.Unknown"
    assert error_code(ec2.delete_placement_group, GroupName="pg-none") == "InvalidPlacementGroup.Unknown"
    launch = {"ImageId": "ami-12345678", "MinCount": 1, "MaxCount": 1, "Placement": {"GroupName": "pg-none"}}
    assert error_code(ec2.run_instances, **launch) == "InvalidPlacementGroup.Unknown"


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"Strategy": "cluster"}, "MissingParameter"),
        ({"GroupName": "pg-wrong", "Strategy": "sideways"}, "InvalidParameterValue"),
        ({"GroupName": "pg-wrong", "Strategy": "partition", "PartitionCount": 8}, "InvalidParameterValue"),
        ({"GroupName": "pg-wrong", "Strategy": "cluster", "PartitionCount": 2}, "InvalidParameterCombination"),
        ({"GroupName": "pg-wrong", "Strategy": "cluster", "SpreadLevel": "rack"}, "InvalidParameterCombination"),
        ({"GroupName": "pg-wrong", "Strategy": "cluster", "DryRun": True}, "DryRunOperation"),
    ],
)
def test_invalid_input_is_refused(ec2: Any, request_: dict[str, Any], code: str) -> None:
    assert error_code(ec2.create_placement_group, **request_) == code


def test_groups_are_filtered_by_attribute_and_tag(ec2: Any) -> None:
    tags = [{"ResourceType": "placement-group", "Tags": [{"Key": "Team", "Value": "filtering"}]}]
    ec2.create_placement_group(GroupName="pg-filter-1", Strategy="cluster", TagSpecifications=tags)
    ec2.create_placement_group(GroupName="pg-filter-2", Strategy="spread", TagSpecifications=tags)
    team = {"Name": "tag:Team", "Values": ["filtering"]}
    found = ec2.describe_placement_groups(Filters=[team, {"Name": "strategy", "Values": ["spread"]}])
    assert [each["GroupName"] for each in found["PlacementGroups"]] == ["pg-filter-2"]
    assert error_code(ec2.describe_placement_groups, Filters=[{"Name": "colour", "Values": ["red"]}]) == (
        "InvalidParameterValue"
    )


def test_tags_are_added_and_removed(ec2: Any) -> None:
    group = ec2.create_placement_group(GroupName="pg-tags")["PlacementGroup"]["GroupId"]
    ec2.create_tags(Resources=[group], Tags=[{"Key": "Team", "Value": "ml"}, {"Key": "Owner", "Value": "ana"}])
    ec2.delete_tags(Resources=[group], Tags=[{"Key": "Owner"}])
    (described,) = ec2.describe_placement_groups(GroupNames=["pg-tags"])["PlacementGroups"]
    assert described["Tags"] == [{"Key": "Team", "Value": "ml"}]
    (tag,) = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [group]}])["Tags"]
    assert tag["ResourceType"] == "placement-group"


def test_a_group_with_running_instances_is_not_deleted(ec2: Any) -> None:
    ec2.create_placement_group(GroupName="pg-used", Strategy="cluster")
    launch = {"ImageId": "ami-12345678", "MinCount": 1, "MaxCount": 1, "Placement": {"GroupName": "pg-used"}}
    (instance,) = ec2.run_instances(**launch)["Instances"]
    assert instance["Placement"]["GroupName"] == "pg-used"
    assert error_code(ec2.delete_placement_group, GroupName="pg-used") == "InvalidPlacementGroup.InUse"
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    ec2.delete_placement_group(GroupName="pg-used")
    assert error_code(ec2.describe_placement_groups, GroupNames=["pg-used"]) == "InvalidPlacementGroup.Unknown"


def test_groups_are_separated_by_region(client: Callable[..., Any], ec2: Any) -> None:
    ec2.create_placement_group(GroupName="pg-region")
    elsewhere = client("ec2", "eu-west-1")
    assert error_code(elsewhere.describe_placement_groups, GroupNames=["pg-region"]) == "InvalidPlacementGroup.Unknown"
