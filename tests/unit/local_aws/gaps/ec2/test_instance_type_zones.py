"""Zones that offer an instance type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.catalog import zone_ids_offering
from mlinfra.catalog.zones import _zone_ids
from tests.local_aws import image_ids
from tests.unit.local_aws.conftest import refusal

if TYPE_CHECKING:
    from collections.abc import Callable


def offered(ec2: Any, instance_type: str, location_type: str) -> set[str]:
    filters = [{"Name": "instance-type", "Values": [instance_type]}]
    answer = ec2.describe_instance_type_offerings(LocationType=location_type, Filters=filters)
    return {each["Location"] for each in answer["InstanceTypeOfferings"]}


def subnet(ec2: Any, zone: str) -> str:
    vpc_id = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    made = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.8.0.0/24", AvailabilityZone=zone)["Subnet"]
    return str(made["SubnetId"])


@pytest.mark.parametrize("name", [name for name in sorted(_zone_ids()) if zone_ids_offering(name, "us-east-1")])
def test_a_type_is_offered_by_name_in_the_zones_that_the_catalog_has_by_id(ec2: Any, name: str) -> None:
    zones = {each["ZoneName"]: each["ZoneId"] for each in ec2.describe_availability_zones()["AvailabilityZones"]}
    by_id = offered(ec2, name, "availability-zone-id")
    assert by_id == set(zone_ids_offering(name, "us-east-1") or ())
    assert {zones[zone] for zone in offered(ec2, name, "availability-zone")} == by_id


def test_a_launch_in_a_zone_that_does_not_offer_the_type_is_refused(ec2: Any) -> None:
    image_id = image_ids(ec2)[0]
    launch = {"ImageId": image_id, "MinCount": 1, "MaxCount": 1, "InstanceType": "p4de.24xlarge"}
    error = refusal(ec2.run_instances, SubnetId=subnet(ec2, "us-east-1b"), **launch)
    assert error["Code"] == "Unsupported"
    assert "(p4de.24xlarge) is not supported in your requested Availability Zone (us-east-1b)" in error["Message"]
    assert ec2.run_instances(SubnetId=subnet(ec2, "us-east-1a"), **launch)["Instances"]


@pytest.mark.parametrize(("zones", "nodes"), [("b", 0), ("ba", 2)], ids=["in-no-zone", "in-one-zone"])
def test_a_group_launches_only_in_zones_that_offer_the_type(
    client: Callable[..., Any], ec2: Any, zones: str, nodes: int
) -> None:
    name = f"zones-{zones}"
    ec2.create_launch_template(
        LaunchTemplateName=name,
        LaunchTemplateData={
            "ImageId": image_ids(ec2)[0],
            "InstanceType": "p4de.24xlarge",
        },
    )
    autoscaling = client("autoscaling")
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName=name,
        MinSize=0,
        MaxSize=2,
        DesiredCapacity=2,
        VPCZoneIdentifier=",".join(subnet(ec2, f"us-east-1{zone}") for zone in zones),
        LaunchTemplate={"LaunchTemplateName": name, "Version": "$Latest"},
    )
    (group,) = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    assert [each["AvailabilityZone"] for each in group["Instances"]] == ["us-east-1a"] * nodes
