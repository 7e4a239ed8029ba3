"""EKS and EC2 clients, subnets and a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


ROLE = "arn:aws:iam::123456789012:role/eks"


@pytest.fixture
def eks(client: Callable[..., Any]) -> Any:
    return client("eks")


@pytest.fixture
def subnets(ec2: Any) -> list[str]:
    vpc = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    zones = {"us-east-1a": "10.8.0.0/24", "us-east-1b": "10.8.1.0/24"}
    return [
        ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for zone, cidr in zones.items()
    ]


@pytest.fixture
def cluster(eks: Any, subnets: list[str], request: pytest.FixtureRequest) -> str:
    name = str(request.node.name)
    eks.create_cluster(name=name, roleArn=ROLE, version="1.32", resourcesVpcConfig={"subnetIds": subnets})
    return name
