"""What the functions that stop clusters may do: as much as docs/adr/0005 asks of each, and no more.

Which action knows which resource and which condition key is taken from the service authorization reference of EC2 Auto
Scaling, EC2, CloudWatch, DynamoDB, EventBridge and SNS, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.constructs.parts import KEY_USE, all_values_in, notification_statements, statement
from mlinfra.functions.contract import Tag

if TYPE_CHECKING:
    from mlinfra.constructs.parts import Statement
    from mlinfra.declarations import Environment

_TAGS_OF_KEPT_VOLUMES = [Tag.AUTO_STOP, Tag.DELETE_AFTER, Tag.EXPERIMENT, Tag.OWNER, "Name"]


def for_the_account(environment: Environment, *, key_arn: str) -> list[Statement]:
    """For the janitor: look at everything, stop and end what is tagged AutoStop=true.

    Args:
        environment: where it looks. Everything in its account and region is in reach, by its tag.
        key_arn: the KMS key of the table of records.
    """
    return [
        *_look(environment),
        *_stop_groups(environment, names="*"),
        *_end_instances_and_volumes(environment),
        *_remember(environment, key_arn),
        *notification_statements(environment),
    ]


def for_clusters(environment: Environment, *, key_arn: str) -> list[Statement]:
    """For functions that are called about one cluster: stop groups of the environment that are tagged AutoStop=true.

    Args:
        environment: whose clusters they may stop.
        key_arn: the KMS key of the table of records.
    """
    return [
        *_look(environment),
        *_stop_groups(environment, names=f"{environment.names.prefix}-*"),
        *_remember(environment, key_arn),
        *notification_statements(environment),
    ]


def for_telling(environment: Environment, *, key_arn: str) -> list[Statement]:
    """For functions that stop nothing: find out whose a cluster is, and tell.

    Args:
        environment: whose topic they tell.
        key_arn: the KMS key of the table of records.
    """
    return [
        # It knows no resource.
        statement(
            "FindOwners",
            actions=["autoscaling:DescribeAutoScalingGroups"],
            resources=["*"],
            conditions={"StringEquals": {"aws:RequestedRegion": environment.region}},
        ),
        *_remember(environment, key_arn),
        *notification_statements(environment),
    ]


def _look(environment: Environment) -> list[Statement]:
    return [
        # None of these knows a resource.
        statement(
            "Look",
            actions=[
                "autoscaling:DescribeAutoScalingGroups",
                "cloudwatch:GetMetricData",
                "ec2:DescribeInstances",
                "ec2:DescribeVolumes",
            ],
            resources=["*"],
            conditions={"StringEquals": {"aws:RequestedRegion": environment.region}},
        )
    ]


def _stop_groups(environment: Environment, *, names: str) -> list[Statement]:
    region, account = environment.region, environment.account_id
    return [
        statement(
            "StopGroups",
            actions=["autoscaling:SetDesiredCapacity", "autoscaling:UpdateAutoScalingGroup"],
            resources=[f"arn:aws:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/{names}"],
            conditions=_tagged(Tag.AUTO_STOP),
        ),
        statement(
            "LetVolumesOutliveNodes",
            actions=["ec2:ModifyInstanceAttribute"],
            resources=[f"arn:aws:ec2:{region}:{account}:instance/*"],
            conditions=_tagged(Tag.AUTO_STOP),
        ),
        # Groups made by hand hand their tags on to instances, and to no volume. A volume that says nothing is in
        # reach, one that says AutoStop=false is not. To change an instance is allowed for both or not at all.
        statement(
            "KeepVolumes",
            actions=["ec2:ModifyInstanceAttribute"],
            resources=[f"arn:aws:ec2:{region}:{account}:volume/*"],
            conditions={"StringEqualsIfExists": {f"aws:ResourceTag/{Tag.AUTO_STOP}": "true"}},
        ),
        statement(
            "TagKeptVolumes",
            actions=["ec2:CreateTags"],
            resources=[f"arn:aws:ec2:{region}:{account}:volume/*"],
            conditions={
                **all_values_in("aws:TagKeys", _TAGS_OF_KEPT_VOLUMES),
                "StringEqualsIfExists": {f"aws:ResourceTag/{Tag.AUTO_STOP}": "true"},
            },
        ),
    ]


def _end_instances_and_volumes(environment: Environment) -> list[Statement]:
    region, account = environment.region, environment.account_id
    return [
        statement(
            "EndInstances",
            actions=["ec2:StopInstances", "ec2:TerminateInstances"],
            resources=[f"arn:aws:ec2:{region}:{account}:instance/*"],
            conditions=_tagged(Tag.AUTO_STOP),
        ),
        statement(
            "DeleteKeptVolumes",
            actions=["ec2:DeleteVolume"],
            resources=[f"arn:aws:ec2:{region}:{account}:volume/*"],
            conditions={**_tagged(Tag.AUTO_STOP), "Null": {f"aws:ResourceTag/{Tag.DELETE_AFTER}": "false"}},
        ),
    ]


def _remember(environment: Environment, key_arn: str) -> list[Statement]:
    region, account = environment.region, environment.account_id
    return [
        statement(
            "Remember",
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


def _tagged(tag: str) -> dict[str, dict[str, str]]:
    return {"StringEquals": {f"aws:ResourceTag/{tag}": "true"}}
