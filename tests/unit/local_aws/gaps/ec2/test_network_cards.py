"""Network interfaces on several network cards."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.local_aws.gaps.ec2.conftest import launched


@pytest.fixture
def subnet(ec2: Any) -> str:
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    return str(
        ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.0.0/24", AvailabilityZone="us-east-1a")["Subnet"]["SubnetId"]
    )


def test_adapters_are_attached_to_their_cards(ec2: Any, subnet: str) -> None:
    card = {"InterfaceType": "efa-only", "DeleteOnTermination": True}
    interfaces = [
        {"DeviceIndex": 0, "NetworkCardIndex": 0, "SubnetId": subnet},
        {**card, "DeviceIndex": 1, "NetworkCardIndex": 0, "SubnetId": subnet},
        *({**card, "DeviceIndex": 0, "NetworkCardIndex": index, "SubnetId": subnet} for index in range(1, 4)),
    ]
    data = {"ImageId": "ami-12345678", "InstanceType": "p5.48xlarge", "NetworkInterfaces": interfaces}
    instance = launched(ec2, "adapters", data)
    attached = {
        (each["Attachment"]["NetworkCardIndex"], each["Attachment"]["DeviceIndex"]): each["InterfaceType"]
        for each in instance["NetworkInterfaces"]
    }
    assert attached == {(0, 0): "interface", (0, 1): "efa-only", **{(index, 0): "efa-only" for index in range(1, 4)}}
    assert instance["SubnetId"] == subnet
    addresses = [each for each in instance["NetworkInterfaces"] if each.get("PrivateIpAddress")]
    assert len(addresses) == 1


def test_interfaces_are_deleted_with_their_instance(ec2: Any, subnet: str) -> None:
    interfaces = [{"DeviceIndex": 0, "NetworkCardIndex": index, "SubnetId": subnet} for index in range(2)]
    data = {"ImageId": "ami-12345678", "InstanceType": "p5.48xlarge", "NetworkInterfaces": interfaces}
    instance = launched(ec2, "ending", data)
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    left = ec2.describe_network_interfaces(Filters=[{"Name": "subnet-id", "Values": [subnet]}])["NetworkInterfaces"]
    assert left == []
