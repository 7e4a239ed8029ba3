"""Instances of a deleted auto scaling group, while they shut down."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tests.local_aws import image_ids
from tests.unit.local_aws.conftest import error_code

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "shutting-down"


def test_instances_of_a_deleted_group_hold_their_placement_group_and_security_group_for_a_while(
    client: Callable[..., Any], ec2: Any
) -> None:
    vpc_id = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.9.0.0/24", AvailabilityZone="us-east-1a")["Subnet"]
    group_id = ec2.create_security_group(VpcId=vpc_id, GroupName=NAME, Description="Nodes")["GroupId"]
    ec2.create_placement_group(GroupName=NAME, Strategy="cluster")
    ec2.create_launch_template(
        LaunchTemplateName=NAME,
        LaunchTemplateData={
            "ImageId": image_ids(ec2)[0],
            "InstanceType": "g5.xlarge",
            "SecurityGroupIds": [group_id],
        },
    )
    autoscaling = client("autoscaling")
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName=NAME,
        MinSize=0,
        MaxSize=1,
        DesiredCapacity=1,
        PlacementGroup=NAME,
        VPCZoneIdentifier=subnet["SubnetId"],
        LaunchTemplate={"LaunchTemplateName": NAME, "Version": "$Latest"},
    )
    (instance,) = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[NAME])["AutoScalingGroups"][0][
        "Instances"
    ]

    def state() -> str:
        answer = ec2.describe_instances(InstanceIds=[instance["InstanceId"]])
        return str(answer["Reservations"][0]["Instances"][0]["State"]["Name"])

    autoscaling.delete_auto_scaling_group(AutoScalingGroupName=NAME, ForceDelete=True)
    assert autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[NAME])["AutoScalingGroups"] == []
    assert state() == "shutting-down"
    assert error_code(ec2.delete_placement_group, GroupName=NAME) == "InvalidPlacementGroup.InUse"
    assert error_code(ec2.delete_security_group, GroupId=group_id) == "DependencyViolation"
    deadline = time.monotonic() + 30
    while state() != "terminated":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    ec2.delete_security_group(GroupId=group_id)
    ec2.delete_placement_group(GroupName=NAME)
