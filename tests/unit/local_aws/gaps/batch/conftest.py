"""Batch client, network resources and compute environments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

NAME = "batch-queues"


@pytest.fixture(scope="session")
def batch(client: Callable[..., Any]) -> Any:
    return client("batch")


@pytest.fixture(scope="session")
def resources(client: Callable[..., Any]) -> dict[str, Any]:
    """Compute resources without security groups."""
    ec2, iam = client("ec2"), client("iam")
    vpc = ec2.create_vpc(CidrBlock="10.44.0.0/16")["Vpc"]["VpcId"]
    # moto chooses a zone at random otherwise, and not every zone offers the instance type.
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.44.0.0/24", AvailabilityZone="us-east-1a")["Subnet"]["SubnetId"]
    return {
        "type": "EC2",
        "minvCpus": 0,
        "maxvCpus": 32,
        "instanceTypes": ["g5.8xlarge"],
        "instanceRole": iam.create_instance_profile(InstanceProfileName=NAME)["InstanceProfile"]["Arn"],
        "subnets": [subnet],
    }


@pytest.fixture(scope="session")
def group(client: Callable[..., Any], resources: dict[str, Any]) -> str:
    ec2 = client("ec2")
    (subnet,) = ec2.describe_subnets(SubnetIds=resources["subnets"])["Subnets"]
    made: str = ec2.create_security_group(GroupName=NAME, Description=NAME, VpcId=subnet["VpcId"])["GroupId"]
    return made


@pytest.fixture(scope="session")
def environment(batch: Any, resources: dict[str, Any], group: str) -> str:
    """The ARN of a compute environment without a role."""
    arn: str = batch.create_compute_environment(
        computeEnvironmentName=NAME, type="MANAGED", computeResources=resources | {"securityGroupIds": [group]}
    )["computeEnvironmentArn"]
    return arn


def described(batch: Any, arn: str) -> dict[str, Any]:
    (found,) = batch.describe_compute_environments(computeEnvironments=[arn])["computeEnvironments"]
    environment: dict[str, Any] = found
    return environment
