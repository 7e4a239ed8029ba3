"""Instances that an auto scaling group launches and terminates."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from mlinfra.catalog.image_families import OPEN_DRIVER
from mlinfra.local_aws.seed import DEEP_LEARNING_IMAGES
from tests.unit.local_aws.conftest import error_code
from tests.unit.local_aws.gaps.autoscaling.conftest import create, described, mixed


@pytest.mark.parametrize(("percentage", "expected"), [(0, {None: 1, "spot": 2}), (50, {None: 2, "spot": 1})])
def test_a_mixed_group_reaches_its_capacity(
    autoscaling: Any, ec2: Any, template: str, percentage: int, expected: dict[str | None, int]
) -> None:
    name = f"mixed-{percentage}"
    create(autoscaling, name, template, DesiredCapacity=3, MixedInstancesPolicy=mixed(template, 1, percentage))
    ids = [each["InstanceId"] for each in described(autoscaling, name)["Instances"]]
    reservations = ec2.describe_instances(InstanceIds=ids)["Reservations"]
    instances = [each for reservation in reservations for each in reservation["Instances"]]
    assert Counter(each.get("InstanceLifecycle") for each in instances) == expected
    assert {each["InstanceType"] for each in instances} == {"g6.xlarge"}
    assert Counter(each["Placement"]["AvailabilityZone"] for each in instances) == {"us-east-1a": 2, "us-east-1b": 1}


def test_an_instance_counts_with_its_weight(autoscaling: Any, template: str) -> None:
    policy = mixed(template, 0, 100)
    policy["LaunchTemplate"]["Overrides"] = [{"InstanceType": "g5.12xlarge", "WeightedCapacity": "4"}]
    create(autoscaling, "weights", template, MaxSize=8, DesiredCapacity=8, MixedInstancesPolicy=policy)
    weights = [each["WeightedCapacity"] for each in described(autoscaling, "weights")["Instances"]]
    assert weights == ["4", "4"]


def test_a_group_launches_the_requested_template_version(autoscaling: Any, ec2: Any) -> None:
    ec2.create_launch_template(LaunchTemplateName="newer", LaunchTemplateData={"ImageId": "ami-12345678"})
    data = {"ImageId": "ami-12345678", "InstanceType": "p5.48xlarge"}
    ec2.create_launch_template_version(LaunchTemplateName="newer", LaunchTemplateData=data)
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="newer",
        AvailabilityZones=["us-east-1a"],
        LaunchTemplate={"LaunchTemplateName": "newer", "Version": "$Latest"},
        MinSize=1,
        MaxSize=1,
    )
    (instance,) = described(autoscaling, "newer")["Instances"]
    assert instance["InstanceType"] == "p5.48xlarge"


def test_an_image_parameter_is_resolved_at_launch(autoscaling: Any, ec2: Any) -> None:
    data = {"ImageId": f"resolve:ssm:{OPEN_DRIVER.parameter}", "InstanceType": "g5.xlarge"}
    ec2.create_launch_template(LaunchTemplateName="by-parameter-asg", LaunchTemplateData=data)
    ec2.create_placement_group(GroupName="asg-near")
    create(autoscaling, "by-parameter", "by-parameter-asg", DesiredCapacity=1, PlacementGroup="asg-near")
    (state,) = described(autoscaling, "by-parameter")["Instances"]
    (reservation,) = ec2.describe_instances(InstanceIds=[state["InstanceId"]])["Reservations"]
    (instance,) = reservation["Instances"]
    assert instance["ImageId"] == DEEP_LEARNING_IMAGES[0].image_id("us-east-1")
    assert instance["Placement"]["GroupName"] == "asg-near"


def test_protected_instances_are_kept_until_the_group_is_deleted_by_force(
    autoscaling: Any, ec2: Any, template: str
) -> None:
    create(autoscaling, "protected", template, DesiredCapacity=2, NewInstancesProtectedFromScaleIn=True)
    autoscaling.set_desired_capacity(AutoScalingGroupName="protected", DesiredCapacity=0)
    instances = [each["InstanceId"] for each in described(autoscaling, "protected")["Instances"]]
    assert len(instances) == 2
    assert error_code(autoscaling.delete_auto_scaling_group, AutoScalingGroupName="protected") == "ResourceInUse"
    autoscaling.delete_auto_scaling_group(AutoScalingGroupName="protected", ForceDelete=True)
    reservations = ec2.describe_instances(InstanceIds=instances)["Reservations"]
    assert {each["State"]["Name"] for reservation in reservations for each in reservation["Instances"]} == {
        "shutting-down"
    }
