"""Permissions of the shutdown functions: the least that docs/adr/0009 requires of each.

The resources and condition keys that each action supports are from the service authorization reference of EC2 Auto
Scaling, EC2, CloudWatch, DynamoDB, EventBridge and SNS, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.constructs.parts import (
    KEY_USE,
    notification_statements,
    read_clusters,
    statement,
    stop_groups,
    stoppable,
    terminate_nodes,
)
from mlinfra.functions.contract import Tag, removed_file_systems

if TYPE_CHECKING:
    from mlinfra.constructs.parts import Statement
    from mlinfra.declarations import Environment


def for_the_account(environment: Environment, *, key_arn: str) -> list[Statement]:
    """Statements for the janitor: read everything; stop and terminate resources tagged AutoStop=true.

    A resource with the tag Environment of another environment cannot be changed; one without that tag can.

    Args:
        environment: the environment.
        key_arn: the KMS key of the table of records.
    """
    return [
        *read_clusters(environment),
        *stop_groups(environment, names="*"),
        *_end_instances_and_volumes(environment),
        *_delete_file_systems(environment),
        *_subscribe_owners(environment),
        *_read_and_write_records(environment, key_arn),
        *notification_statements(environment),
    ]


def for_clusters(environment: Environment, *, key_arn: str) -> list[Statement]:
    """Statements for functions that handle one cluster: stop the environment's groups tagged AutoStop=true.

    Args:
        environment: the environment of the clusters.
        key_arn: the KMS key of the table of records.
    """
    return [
        *read_clusters(environment),
        *stop_groups(environment, names=f"{environment.names.prefix}-*"),
        *_read_and_write_records(environment, key_arn),
        *notification_statements(environment),
    ]


def for_idle_clusters(environment: Environment, *, key_arn: str) -> list[Statement]:
    """Statements for the function that checks all clusters: those of `for_clusters`, and terminate single nodes.

    Args:
        environment: the environment of the clusters.
        key_arn: the KMS key of the table of records.
    """
    region, account = environment.region, environment.account_id
    groups = f"arn:aws:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName"
    return [
        *for_clusters(environment, key_arn=key_arn),
        statement(
            "ReleaseNodes",
            actions=["autoscaling:TerminateInstanceInAutoScalingGroup"],
            resources=[f"{groups}/{environment.names.prefix}-*"],
            conditions=stoppable(environment),
        ),
        terminate_nodes(environment),
    ]


def for_notifications(environment: Environment, *, key_arn: str) -> list[Statement]:
    """Statements for functions that stop nothing: read the owner of a cluster, and notify.

    Args:
        environment: the environment.
        key_arn: the KMS key of the table of records.
    """
    return [
        # This action does not support resources.
        statement(
            "FindOwners",
            actions=["autoscaling:DescribeAutoScalingGroups"],
            resources=["*"],
            conditions={"StringEquals": {"aws:RequestedRegion": environment.region}},
        ),
        *_read_and_write_records(environment, key_arn),
        *notification_statements(environment),
    ]


def for_interruptions(environment: Environment, *, key_arn: str) -> list[Statement]:
    """Statements for the function that reports interruptions: find nodes, record notices, and notify.

    Args:
        environment: the environment.
        key_arn: the KMS key of the table of records.
    """
    return [
        # This action does not support resources.
        statement(
            "FindNodes",
            actions=["ec2:DescribeInstances"],
            resources=["*"],
            conditions={"StringEquals": {"aws:RequestedRegion": environment.region}},
        ),
        *_read_and_write_records(environment, key_arn),
        *notification_statements(environment),
    ]


def _end_instances_and_volumes(environment: Environment) -> list[Statement]:
    region, account = environment.region, environment.account_id
    return [
        statement(
            "StopAndTerminateInstances",
            actions=["ec2:StopInstances", "ec2:TerminateInstances"],
            resources=[f"arn:aws:ec2:{region}:{account}:instance/*"],
            conditions=stoppable(environment),
        ),
        statement(
            "DeleteKeptVolumes",
            actions=["ec2:DeleteVolume"],
            resources=[f"arn:aws:ec2:{region}:{account}:volume/*"],
            conditions={**stoppable(environment), "Null": {f"aws:ResourceTag/{Tag.DELETE_AFTER}": "false"}},
        ),
    ]


def _delete_file_systems(environment: Environment) -> list[Statement]:
    """Source: service authorization reference of FSx and Systems Manager, read 2026-11-29."""
    region, account = environment.region, environment.account_id
    marks = removed_file_systems(environment.project, environment.name)
    return [
        statement(
            "ListFileSystems",
            actions=["fsx:DescribeFileSystems"],
            resources=[f"arn:aws:fsx:{region}:{account}:file-system/*"],
        ),
        statement(
            "DeleteFileSystems",
            actions=["fsx:DeleteFileSystem"],
            resources=[f"arn:aws:fsx:{region}:{account}:file-system/*"],
            conditions=stoppable(environment),
        ),
        statement(
            "MarkRemovedFileSystems",
            actions=["ssm:DeleteParameter", "ssm:GetParametersByPath", "ssm:PutParameter"],
            resources=[f"arn:aws:ssm:{region}:{account}:parameter{marks}{below}" for below in ("", "/*")],
        ),
    ]


def _subscribe_owners(environment: Environment) -> list[Statement]:
    """Source: service authorization reference of SNS, read 2026-11-29."""
    topic = environment.names.alerts_topic_arn
    return [
        statement("ListSubscriptions", actions=["sns:ListSubscriptionsByTopic"], resources=[topic]),
        statement(
            "SubscribeOwners",
            actions=["sns:Subscribe"],
            resources=[topic],
            conditions={"StringEquals": {"sns:Protocol": "email"}},
        ),
    ]


def _read_and_write_records(environment: Environment, key_arn: str) -> list[Statement]:
    region, account = environment.region, environment.account_id
    return [
        statement(
            "ReadAndWriteRecords",
            actions=["dynamodb:Query", "dynamodb:UpdateItem"],
            resources=[f"arn:aws:dynamodb:{region}:{account}:table/{environment.names.records_table}"],
        ),
        statement(
            "UseKeyOfTable",
            actions=KEY_USE,
            resources=[key_arn],
            conditions={"StringEquals": {"kms:ViaService": f"dynamodb.{region}.amazonaws.com"}},
        ),
    ]
