"""Permissions of the functions that stop clusters: exactly the calls that they make."""

from __future__ import annotations

import ast
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from mlinfra.constructs.shutdown.permissions import for_clusters, for_idle_clusters, for_the_account
from tests.conftest import ROOT, an_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "arn:aws:kms:us-east-1:111111111111:key/1"
SERVICES = {
    "autoscaling": "autoscaling",
    "cloudwatch": "cloudwatch",
    "dynamodb": "dynamodb",
    "ec2": "ec2",
    "events": "events",
    "fsx": "fsx",
    "servicequotas": "service-quotas",
    "sns": "sns",
    "ssm": "ssm",
}
"""The name of boto3's client, by the prefix of IAM actions."""
FUNCTIONS = ROOT / "mlinfra" / "functions"


def by_sid(statements: list[dict[str, object]]) -> dict[str, Any]:
    return {str(each["Sid"]): each for each in statements}


@pytest.fixture
def account() -> dict[str, Any]:
    return by_sid(for_the_account(an_environment(), key_arn=KEY))


@pytest.fixture
def clusters() -> dict[str, Any]:
    return by_sid(for_clusters(an_environment(), key_arn=KEY))


@pytest.fixture
def idle() -> dict[str, Any]:
    return by_sid(for_idle_clusters(an_environment(), key_arn=KEY))


def actions(statements: dict[str, Any]) -> set[str]:
    listed = [each["Action"] for each in statements.values()]
    return {action for each in listed for action in ([each] if isinstance(each, str) else each)}


def api_calls() -> Iterator[str]:
    """Every call to AWS in the sources of the functions, as an IAM action."""
    clients = {service: boto3.client(name, region_name="us-east-1") for service, name in SERVICES.items()}
    operations = {service: dict(client.meta.method_to_api_mapping) for service, client in clients.items()}
    for path in FUNCTIONS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            owner = ast.unparse(node.func.value)
            service = next(
                (each for each in SERVICES if each in owner or (each == "dynamodb" and "_table" in owner)), ""
            )
            method = node.func.attr
            if method == "get_paginator" and isinstance(node.args[0], ast.Constant):
                method = str(node.args[0].value)
            if method in operations.get(service, {}):
                yield f"{service}:{operations[service][method]}"


def test_the_calls_that_the_functions_make_are_found() -> None:
    """Should the sources be written otherwise, so that nothing is found in them, the next test would say nothing."""
    assert {"autoscaling:SetDesiredCapacity", "ec2:DescribeVolumes", "dynamodb:UpdateItem", "sns:Publish"} <= {
        *api_calls()
    }


def test_the_functions_may_do_what_they_call_and_nothing_else(account: dict[str, Any], idle: dict[str, Any]) -> None:
    allowed = actions(account) | actions(idle)
    assert {each for each in allowed if not each.startswith("kms:")} == {*api_calls()}


def test_only_the_check_of_all_clusters_releases_single_nodes(account: dict[str, Any], idle: dict[str, Any]) -> None:
    assert actions(idle) - actions(account) == {"autoscaling:TerminateInstanceInAutoScalingGroup"}


def test_the_check_of_all_clusters_terminates_nodes_of_its_environment_and_deletes_nothing(
    idle: dict[str, Any],
) -> None:
    assert not actions(idle) & {"ec2:StopInstances", "ec2:DeleteVolume"}
    ours = "arn:aws:autoscaling:us-east-1:111111111111:autoScalingGroup:4d1:autoScalingGroupName/recsys-dev-ranker"
    assert fnmatchcase(ours, idle["ReleaseNodes"]["Resource"])
    assert not fnmatchcase(ours.replace("recsys-dev", "ads-prod"), idle["ReleaseNodes"]["Resource"])
    for sid in ("ReleaseNodes", "TerminateNodes"):
        assert idle[sid]["Condition"]["StringEquals"] == {"aws:ResourceTag/AutoStop": "true"}
    assert idle["TerminateNodes"]["Condition"]["StringEqualsIfExists"] == {"aws:ResourceTag/Environment": "dev"}


def test_functions_about_one_cluster_end_no_instance_and_delete_nothing(clusters: dict[str, Any]) -> None:
    assert not actions(clusters) & {"ec2:StopInstances", "ec2:TerminateInstances", "ec2:DeleteVolume"}


def test_functions_about_one_cluster_reach_groups_of_the_environment(
    account: dict[str, Any], clusters: dict[str, Any]
) -> None:
    ours = "arn:aws:autoscaling:us-east-1:111111111111:autoScalingGroup:4d1:autoScalingGroupName/recsys-dev-ranker"
    others = ours.replace("recsys-dev", "ads-prod")
    assert fnmatchcase(ours, clusters["StopGroups"]["Resource"])
    assert not fnmatchcase(others, clusters["StopGroups"]["Resource"])
    assert fnmatchcase(others, account["StopGroups"]["Resource"])


@pytest.mark.parametrize(
    "sid", ["StopGroups", "ChangeInstanceAttributes", "StopAndTerminateInstances", "DeleteKeptVolumes"]
)
def test_nothing_is_stopped_or_ended_that_is_not_tagged_for_it(account: dict[str, Any], sid: str) -> None:
    assert account[sid]["Condition"]["StringEquals"] == {"aws:ResourceTag/AutoStop": "true"}


@pytest.mark.parametrize(
    "sid", ["StopGroups", "ChangeInstanceAttributes", "StopAndTerminateInstances", "DeleteKeptVolumes"]
)
def test_resources_of_another_environment_are_out_of_reach_and_untagged_ones_are_not(
    account: dict[str, Any], sid: str
) -> None:
    assert account[sid]["Condition"]["StringEqualsIfExists"] == {"aws:ResourceTag/Environment": "dev"}


def test_only_volumes_tagged_as_kept_may_be_deleted(account: dict[str, Any]) -> None:
    assert account["DeleteKeptVolumes"]["Condition"]["Null"] == {"aws:ResourceTag/DeleteAfter": "false"}


@pytest.mark.parametrize("sid", ["ChangeVolumeAttributes", "TagKeptVolumes"])
def test_volumes_tagged_false_are_excluded_and_untagged_ones_are_included(account: dict[str, Any], sid: str) -> None:
    assert account[sid]["Resource"] == "arn:aws:ec2:us-east-1:111111111111:volume/*"
    assert account[sid]["Condition"]["StringEqualsIfExists"] == {
        "aws:ResourceTag/AutoStop": "true",
        "aws:ResourceTag/Environment": "dev",
    }


def test_only_file_systems_of_the_environment_that_may_be_stopped_are_deleted(account: dict[str, Any]) -> None:
    assert account["DeleteFileSystems"]["Condition"] == {
        "StringEquals": {"aws:ResourceTag/AutoStop": "true"},
        "StringEqualsIfExists": {"aws:ResourceTag/Environment": "dev"},
    }
    path = "arn:aws:ssm:us-east-1:111111111111:parameter/mlinfra/recsys/dev/training/removed-file-systems"
    assert account["MarkRemovedFileSystems"]["Resource"] == [path, f"{path}/*"]


def test_volumes_get_no_tags_but_those_of_the_functions(account: dict[str, Any]) -> None:
    assert account["TagKeptVolumes"]["Condition"]["ForAllValues:StringEquals"] == {
        "aws:TagKeys": ["AutoStop", "DeleteAfter", "Project", "Environment", "Experiment", "Owner", "Name"]
    }


def test_all_other_statements_name_their_resources(account: dict[str, Any]) -> None:
    environment = an_environment()
    assert account["ReadAndWriteRecords"]["Resource"].endswith(f":table/{environment.names.records_table}")
    assert account["PublishNotifications"]["Resource"] == environment.names.alerts_topic_arn
    assert account["PublishEvents"]["Resource"] == "arn:aws:events:us-east-1:111111111111:event-bus/default"
    # One request brings several events, each with a source of its own.
    assert account["PublishEvents"]["Condition"] == {
        "ForAllValues:StringEquals": {"events:source": ["mlinfra.shutdown"]},
        "Null": {"events:source": "false"},
    }
    assert {sid for sid, each in account.items() if each["Resource"] == "*"} == {"ReadClusters"}


def test_keys_are_used_through_their_services_only(account: dict[str, Any]) -> None:
    assert account["UseKeyOfTable"]["Resource"] == KEY
    assert account["UseKeyOfTable"]["Condition"] == {
        "StringEquals": {"kms:ViaService": "dynamodb.us-east-1.amazonaws.com"}
    }
    assert account["UseKeyOfTopic"]["Condition"] == {
        "ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/recsys-dev-alerts"},
        "StringEquals": {"kms:ViaService": "sns.us-east-1.amazonaws.com"},
    }
