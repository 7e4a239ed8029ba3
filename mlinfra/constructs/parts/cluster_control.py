"""Permissions to read, start and stop clusters.

The resources and condition keys that each action supports are from the service authorization reference of EC2 Auto
Scaling and EC2, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.constructs.parts.policy import all_values_in, statement
from mlinfra.functions.contract import Tag

if TYPE_CHECKING:
    from mlinfra.constructs.parts.policy import Statement
    from mlinfra.declarations import Environment

_TAGS_OF_KEPT_VOLUMES = [
    Tag.AUTO_STOP,
    Tag.DELETE_AFTER,
    Tag.PROJECT,
    Tag.ENVIRONMENT,
    Tag.EXPERIMENT,
    Tag.OWNER,
    "Name",
]


def read_clusters(environment: Environment) -> list[Statement]:
    """Statements to read clusters, their activity, and the quotas that prevent launches."""
    return [
        # These actions do not support resources.
        statement(
            "ReadClusters",
            actions=[
                "autoscaling:DescribeAutoScalingGroups",
                "autoscaling:DescribeScalingActivities",
                "cloudwatch:GetMetricData",
                "ec2:DescribeInstances",
                "ec2:DescribeLaunchTemplateVersions",
                "ec2:DescribeVolumes",
            ],
            resources=["*"],
            conditions={"StringEquals": {"aws:RequestedRegion": environment.region}},
        ),
        statement(
            "ReadQuotas",
            actions=["servicequotas:GetServiceQuota"],
            resources=[f"arn:aws:servicequotas:{environment.region}:{environment.account_id}:ec2/*"],
        ),
    ]


def stop_groups(environment: Environment, *, names: str, minimum: bool = True) -> list[Statement]:
    """Statements to change the size of groups tagged AutoStop=true, and to keep the volumes of their nodes.

    Args:
        environment: the environment of the groups.
        names: the names of the groups, with wildcards.
        minimum: True: also groups with a minimum size, which a stop sets to 0. Groups of mlinfra have none. Default:
            True.
    """
    region, account = environment.region, environment.account_id
    return [
        statement(
            "StopGroups",
            actions=[
                "autoscaling:ResumeProcesses",
                "autoscaling:SetDesiredCapacity",
                *(["autoscaling:UpdateAutoScalingGroup"] if minimum else []),
            ],
            resources=[f"arn:aws:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/{names}"],
            conditions=stoppable(environment),
        ),
        statement(
            "ChangeInstanceAttributes",
            actions=["ec2:ModifyInstanceAttribute"],
            resources=[f"arn:aws:ec2:{region}:{account}:instance/*"],
            conditions=stoppable(environment),
        ),
        # Groups created by hand propagate their tags to instances but not to volumes. A volume without the tag is
        # included, one with AutoStop=false is not. ModifyInstanceAttribute needs both instance and volume.
        statement(
            "ChangeVolumeAttributes",
            actions=["ec2:ModifyInstanceAttribute"],
            resources=[f"arn:aws:ec2:{region}:{account}:volume/*"],
            conditions={"StringEqualsIfExists": _stoppable_if_tagged(environment)},
        ),
        statement(
            "TagKeptVolumes",
            actions=["ec2:CreateTags"],
            resources=[f"arn:aws:ec2:{region}:{account}:volume/*"],
            conditions={
                **all_values_in("aws:TagKeys", _TAGS_OF_KEPT_VOLUMES),
                "StringEqualsIfExists": _stoppable_if_tagged(environment),
            },
        ),
    ]


def terminate_nodes(environment: Environment) -> Statement:
    """A statement to terminate nodes directly.

    The nodes of a group cannot be named by the group's name: the tag limits it.
    """
    return statement(
        "TerminateNodes",
        actions=["ec2:TerminateInstances"],
        resources=[f"arn:aws:ec2:{environment.region}:{environment.account_id}:instance/*"],
        conditions=stoppable(environment),
    )


def stoppable(environment: Environment) -> dict[str, dict[str, str]]:
    """The condition that a resource is tagged AutoStop=true and does not belong to another environment."""
    return {
        "StringEquals": {f"aws:ResourceTag/{Tag.AUTO_STOP}": "true"},
        "StringEqualsIfExists": {f"aws:ResourceTag/{Tag.ENVIRONMENT}": environment.name},
    }


def _stoppable_if_tagged(environment: Environment) -> dict[str, str]:
    """The condition that a resource is neither tagged AutoStop=false nor belongs to another environment."""
    return {
        f"aws:ResourceTag/{Tag.AUTO_STOP}": "true",
        f"aws:ResourceTag/{Tag.ENVIRONMENT}": environment.name,
    }
