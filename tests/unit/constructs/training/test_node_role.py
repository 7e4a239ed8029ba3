"""Permissions of the nodes of a cluster."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.constructs.training.node_role import node_policy
from mlinfra.stacks.training import TrainingStack
from tests.conftest import an_environment, an_experiment

if TYPE_CHECKING:
    from mlinfra.testing import Synth

ENVIRONMENT = an_environment(experiments=[an_experiment()])
CLUSTER = "recsys-dev-two-tower-v2"


@pytest.fixture
def allowed() -> dict[str, dict[str, Any]]:
    """The statements, by what each is for."""
    text = node_policy(ENVIRONMENT, ENVIRONMENT.experiments[0], key_arn="arn:aws:kms:us-east-1:111111111111:key/1")
    return {each["Sid"]: each for each in json.loads(text)["Statement"]}


def test_a_node_has_exactly_these_permissions(allowed: dict[str, dict[str, Any]]) -> None:
    actions = {
        action
        for each in allowed.values()
        for action in ([each["Action"]] if isinstance(each["Action"], str) else each["Action"])
    }
    assert actions == {
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeAutoScalingInstances",
        "autoscaling:SetInstanceProtection",
        "autoscaling:TerminateInstanceInAutoScalingGroup",
        "cloudwatch:PutMetricData",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
        "ec2:DescribeTags",
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:GetAuthorizationToken",
        "ecr:GetDownloadUrlForLayer",
        "events:PutEvents",
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:Encrypt",
        "kms:GenerateDataKey*",
        "kms:ReEncrypt*",
        "logs:CreateLogStream",
        "logs:DescribeLogStreams",
        "logs:PutLogEvents",
        "ssm:GetParameter",
        "ssm:GetParameters",
        "ssm:PutParameter",
        "ssm:UpdateInstanceInformation",
        "ssmmessages:CreateControlChannel",
        "ssmmessages:CreateDataChannel",
        "ssmmessages:OpenControlChannel",
        "ssmmessages:OpenDataChannel",
    }
    assert {each["Effect"] for each in allowed.values()} == {"Allow"}


def test_only_actions_without_resource_level_permissions_are_allowed_on_all_resources(
    allowed: dict[str, dict[str, Any]],
) -> None:
    assert {sid for sid, each in allowed.items() if each["Resource"] == "*"} == {
        "DescribeGroupsAndTags",
        "Metrics",
        "LogInToRegistry",
        "SessionManager",
    }


def test_a_node_reads_no_parameter_by_a_managed_policy(synth: Synth) -> None:
    # AmazonSSMManagedInstanceCore reads every parameter of the account.
    config = synth(TrainingStack, environment=ENVIRONMENT)
    config.has_no_resource("aws_iam_role_policy_attachment")


def test_a_node_changes_its_own_group_alone(allowed: dict[str, dict[str, Any]]) -> None:
    group = f"arn:aws:autoscaling:us-east-1:111111111111:autoScalingGroup:*:autoScalingGroupName/{CLUSTER}"
    assert allowed["OwnGroup"]["Resource"] == group


def test_a_node_writes_the_master_and_reads_what_is_its_clusters(allowed: dict[str, dict[str, Any]]) -> None:
    own = "arn:aws:ssm:us-east-1:111111111111:parameter/mlinfra/recsys/dev/training/two-tower-v2"
    assert allowed["PublishMaster"]["Resource"] == f"{own}/master"
    assert allowed["OwnParameters"]["Resource"] == f"{own}/*"


@pytest.mark.parametrize(
    ("sid", "key", "values"),
    [
        ("Events", "events:source", ["mlinfra.job", "mlinfra.node"]),
        ("OwnRecords", "dynamodb:LeadingKeys", [CLUSTER]),
    ],
)
def test_a_key_of_several_values_has_to_be_there(
    allowed: dict[str, dict[str, Any]], sid: str, key: str, values: list[str]
) -> None:
    # ForAllValues alone holds for a request that does not have the key.
    assert allowed[sid]["Condition"] == {"ForAllValues:StringEquals": {key: values}, "Null": {key: "false"}}


def test_metrics_go_into_the_namespaces_of_the_agent_and_the_guard(allowed: dict[str, dict[str, Any]]) -> None:
    assert allowed["Metrics"]["Condition"] == {"StringEquals": {"cloudwatch:namespace": ["CWAgent", "mlinfra/Node"]}}


def test_the_key_is_used_through_dynamodb_alone(allowed: dict[str, dict[str, Any]]) -> None:
    expected = {"StringEquals": {"kms:ViaService": "dynamodb.us-east-1.amazonaws.com"}}
    assert allowed["KeyOfRecords"]["Condition"] == expected
