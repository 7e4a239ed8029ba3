"""Updates of the resources of a compute environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable


NAME = "batch-resources"


@pytest.fixture(scope="module")
def batch(client: Callable[..., Any]) -> Any:
    """Batch client, with a compute environment of 0 to 32 vCPUs."""
    ec2, iam, batch = client("ec2"), client("iam"), client("batch")
    vpc = ec2.create_vpc(CidrBlock="10.43.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.43.0.0/24", AvailabilityZone="us-east-1a")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName=NAME, Description=NAME, VpcId=vpc)["GroupId"]
    role = iam.create_role(RoleName=NAME, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    profile = iam.create_instance_profile(InstanceProfileName=NAME)["InstanceProfile"]["Arn"]
    batch.create_compute_environment(
        computeEnvironmentName=NAME,
        type="MANAGED",
        serviceRole=role,
        computeResources={
            "type": "EC2",
            "minvCpus": 0,
            "maxvCpus": 32,
            "instanceTypes": ["g5"],
            "instanceRole": profile,
            "subnets": [subnet],
            "securityGroupIds": [group],
        },
    )
    return batch


def resources(batch: Any) -> Any:
    (found,) = batch.describe_compute_environments(computeEnvironments=[NAME])["computeEnvironments"]
    return found["computeResources"]


def test_an_update_changes_only_named_resources(batch: Any) -> None:
    before = resources(batch)
    batch.update_compute_environment(computeEnvironment=NAME, computeResources={"maxvCpus": 64})
    assert resources(batch) == {**before, "maxvCpus": 64}


def test_an_invalid_update_changes_nothing(batch: Any) -> None:
    before = resources(batch)
    with pytest.raises(ClientError, match="does not exist"):
        batch.update_compute_environment(computeEnvironment=NAME, computeResources={"instanceTypes": ["gpu9"]})
    assert resources(batch) == before
