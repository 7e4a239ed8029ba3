"""Resources of EC2 in a local AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.operations.audit.readers.reading import charges, read, read_one
from tests.unit.operations.audit.story import run_instances

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_stopped_instance_is_not_charged(client: Callable[..., Any]) -> None:
    (instance,) = run_instances(client, "box", "g5.xlarge", 1, "us-east-1")
    client("ec2").stop_instances(InstanceIds=[instance])
    found = read_one(client, "instance")
    assert found.state == "stopped"
    assert [each for each in charges(found) if each[0] == "ec2"] == []
    assert found.metrics == ()


def test_terminated_instances_are_not_found(client: Callable[..., Any]) -> None:
    ids = run_instances(client, "box", "g5.xlarge", 1, "us-east-1")
    client("ec2").terminate_instances(InstanceIds=ids)
    assert read(client, "instance") == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"VolumeType": "gp2"}, [("ebs", "gp2_storage", 100)]),
        ({"VolumeType": "gp3"}, [("ebs", "gp3_storage", 100)]),
        (
            {"VolumeType": "gp3", "Iops": 5000, "Throughput": 250},
            [("ebs", "gp3_storage", 100), ("ebs", "gp3_iops_over_3000", 2000), ("ebs", "gp3_throughput_over_125", 125)],
        ),
        ({"VolumeType": "io1", "Iops": 1000}, [("ebs", "io1_storage", 100), ("ebs", "io1_iops", 1000)]),
    ],
)
def test_a_volume_is_charged_by_size_and_provisioned_performance(
    client: Callable[..., Any], arguments: dict[str, Any], expected: list[tuple[str, str, float]]
) -> None:
    client("ec2").create_volume(AvailabilityZone="us-east-1a", Size=100, Encrypted=True, **arguments)
    found = read_one(client, "volume")
    assert charges(found) == expected
    assert (found.is_unattached, found.problems) == (True, ())


def test_an_address_is_free_with_its_instance_and_charged_alone(client: Callable[..., Any]) -> None:
    ec2 = client("ec2")
    (instance,) = run_instances(client, "box", "t3.micro", 1, "us-east-1")
    used, unused = (ec2.allocate_address(Domain="vpc")["AllocationId"] for _ in range(2))
    ec2.associate_address(AllocationId=used, InstanceId=instance)
    found = {each.id: each for each in read(client, "address")}
    assert (found[used].part_of, found[used].charges) == (("instance", instance), ())
    assert (found[unused].is_unattached, charges(found[unused])) == (True, [("vpc", "public_ipv4_idle", 1)])


def test_a_nat_gateway_is_charged_by_the_hour(client: Callable[..., Any]) -> None:
    ec2 = client("ec2")
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.create_nat_gateway(SubnetId=ec2.describe_subnets()["Subnets"][0]["SubnetId"], AllocationId=address)
    assert charges(read_one(client, "nat-gateway")) == [("nat", "gateway", 1)]


def test_a_reservation_is_charged_for_its_unused_instances(client: Callable[..., Any]) -> None:
    client("ec2").create_capacity_reservation(
        InstanceType="p4d.24xlarge", InstancePlatform="Linux/UNIX", AvailabilityZone="us-east-1a", InstanceCount=3
    )
    found = read_one(client, "capacity-reservation")
    assert charges(found) == [("ec2", "p4d.24xlarge", 3)]
    assert (found.state, found.is_unattached) == ("active, 0 of 3 p4d.24xlarge used", True)


def test_open_ports_of_security_groups(client: Callable[..., Any]) -> None:
    ec2 = client("ec2")
    group = ec2.create_security_group(GroupName="open", Description="-")["GroupId"]
    everyone = [{"CidrIp": "0.0.0.0/0"}]
    ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": everyone},
            {"IpProtocol": "udp", "FromPort": 60000, "ToPort": 61000, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]},
            {"IpProtocol": "-1", "IpRanges": everyone},
            {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]},
        ],
    )
    found = {each.id: each.open_ports for each in read(client, "security-group")}
    assert set(found[group]) == {"tcp 22", "udp 60000-61000", "all ports"}
