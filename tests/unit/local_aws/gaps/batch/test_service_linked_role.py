"""The service-linked role of compute environments without a role."""

from __future__ import annotations

from typing import Any

from tests.unit.local_aws.gaps.batch.conftest import NAME, described


def test_an_environment_without_a_role_uses_the_service_linked_role(batch: Any, environment: str) -> None:
    role = described(batch, environment)["serviceRole"]
    assert role.endswith(":role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch")


def test_a_second_environment_uses_the_same_role(
    batch: Any, environment: str, resources: dict[str, Any], group: str
) -> None:
    second = batch.create_compute_environment(
        computeEnvironmentName=f"{NAME}-second",
        type="MANAGED",
        computeResources=resources | {"securityGroupIds": [group]},
    )["computeEnvironmentArn"]
    assert described(batch, second)["serviceRole"] == described(batch, environment)["serviceRole"]
