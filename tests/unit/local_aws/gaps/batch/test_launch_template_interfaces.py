"""Security groups in the launch template of a compute environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.local_aws.gaps.batch.conftest import NAME, described

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="module")
def with_interfaces(client: Callable[..., Any], group: str) -> dict[str, str]:
    """A launch template with the security group in its interface."""
    interface = {"DeviceIndex": 0, "InterfaceType": "efa", "Groups": [group]}
    client("ec2").create_launch_template(LaunchTemplateName=NAME, LaunchTemplateData={"NetworkInterfaces": [interface]})
    return {"launchTemplateName": NAME, "version": "$Latest"}


def test_security_groups_can_be_given_in_the_launch_template(
    batch: Any, resources: dict[str, Any], with_interfaces: dict[str, str]
) -> None:
    arn = batch.create_compute_environment(
        computeEnvironmentName=f"{NAME}-interfaces",
        type="MANAGED",
        computeResources=resources | {"launchTemplate": with_interfaces},
    )["computeEnvironmentArn"]
    assert "securityGroupIds" not in described(batch, arn)["computeResources"]
    batch.update_compute_environment(computeEnvironment=arn, computeResources={"maxvCpus": 64})
    assert described(batch, arn)["computeResources"]["maxvCpus"] == 64


def test_nodes_have_the_security_groups_of_the_launch_template(
    batch: Any, client: Callable[..., Any], resources: dict[str, Any], with_interfaces: dict[str, str], group: str
) -> None:
    batch.create_compute_environment(
        computeEnvironmentName=f"{NAME}-running",
        type="MANAGED",
        computeResources=resources | {"launchTemplate": with_interfaces, "minvCpus": 32},
    )
    answer = client("ec2").describe_instances(Filters=[{"Name": "subnet-id", "Values": resources["subnets"]}])
    (instance,) = [each for reservation in answer["Reservations"] for each in reservation["Instances"]]
    assert [each["GroupId"] for each in instance["SecurityGroups"]] == [group]


def test_security_groups_in_both_are_refused(
    batch: Any, resources: dict[str, Any], with_interfaces: dict[str, str], group: str
) -> None:
    both = resources | {"launchTemplate": with_interfaces, "securityGroupIds": [group]}
    with pytest.raises(ClientError, match="exclusively allowed"):
        batch.create_compute_environment(computeEnvironmentName=f"{NAME}-both", type="MANAGED", computeResources=both)


def test_security_groups_in_neither_are_refused(batch: Any, resources: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="Security groups are required"):
        batch.create_compute_environment(
            computeEnvironmentName=f"{NAME}-neither", type="MANAGED", computeResources=resources
        )
