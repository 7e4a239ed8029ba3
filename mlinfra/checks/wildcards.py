"""Check for unlimited permissions: `*` in actions, or as the resource of actions with resource-level permissions."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mlinfra.checks.check import Check, Problem, path_of
from mlinfra.checks.level import Level

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DESCRIBES = "It lists resources, and has no resource-level permissions."
_SESSION = "Session Manager needs it to reach a node, and it has no resource-level permissions."
_COMMANDS = "It reads the results of commands, and has no resource-level permissions. Sending them is limited."
_METRICS = "Metrics have no resource-level permissions. Writing is limited by a condition on the namespace."

WITHOUT_RESOURCE: Mapping[str, str] = MappingProxyType(
    {
        "autoscaling:DescribeAutoScalingGroups": _DESCRIBES,
        "autoscaling:DescribeAutoScalingInstances": _DESCRIBES,
        "autoscaling:DescribeScalingActivities": _DESCRIBES,
        "batch:DescribeJobDefinitions": _DESCRIBES,
        "batch:DescribeJobQueues": _DESCRIBES,
        "batch:DescribeJobs": _DESCRIBES,
        "batch:ListJobs": _DESCRIBES,
        "cloudwatch:GetMetricData": _METRICS,
        "cloudwatch:PutMetricData": _METRICS,
        "ec2:DescribeDhcpOptions": _DESCRIBES,
        "ec2:DescribeImages": _DESCRIBES,
        "ec2:DescribeInstances": _DESCRIBES,
        "ec2:DescribeLaunchTemplateVersions": _DESCRIBES,
        "ec2:DescribeNetworkInterfaces": _DESCRIBES,
        "ec2:DescribeSecurityGroups": _DESCRIBES,
        "ec2:DescribeSubnets": _DESCRIBES,
        "ec2:DescribeTags": _DESCRIBES,
        "ec2:DescribeVolumes": _DESCRIBES,
        "ec2:DescribeVpcs": _DESCRIBES,
        "ecr:GetAuthorizationToken": "It logs in to the registry of the account.",
        "logs:DescribeLogGroups": _DESCRIBES,
        "sagemaker:ListApps": _DESCRIBES,
        "sagemaker:ListDomains": _DESCRIBES,
        "sagemaker:ListEndpoints": _DESCRIBES,
        "sagemaker:ListSpaces": _DESCRIBES,
        "sagemaker:ListUserProfiles": _DESCRIBES,
        "ssm:DescribeInstanceInformation": _DESCRIBES,
        "ssm:GetCommandInvocation": _COMMANDS,
        "ssm:ListCommandInvocations": _COMMANDS,
        "ssmmessages:CreateControlChannel": _SESSION,
        "ssmmessages:CreateDataChannel": _SESSION,
        "ssmmessages:OpenControlChannel": _SESSION,
        "ssmmessages:OpenDataChannel": _SESSION,
        "xray:PutTelemetryRecords": "It writes traces, and has no resource-level permissions.",
        "xray:PutTraceSegments": "It writes traces, and has no resource-level permissions.",
    }
)
"""Actions without resource-level permissions in AWS, and the reason why roles have them.

Source: service authorization reference of each service, "Actions", read 2026-11-24.
"""

SEVERAL_ACTIONS: Mapping[str, str] = MappingProxyType(
    {
        "kms:GenerateDataKey*": "Data keys and pairs, with and without plaintext: four actions for one purpose.",
        "kms:ReEncrypt*": "Re-encryption from one key and to another: a copy needs both.",
    }
)
"""Permitted patterns of several actions, and the reason."""

_POLICIES = ("aws_iam_role_policy", "aws_iam_policy", "aws_iam_user_policy", "aws_iam_group_policy")


def wildcards(config: Mapping[str, Any]) -> Iterator[Problem]:
    """A problem for each policy of a role with unlimited permissions.

    Resource policies are not checked: in them `*` is the resource itself, or all principals of a Deny statement.

    Args:
        config: a stack as Terraform JSON.
    """
    for kind in _POLICIES:
        for name, body in config.get("resource", {}).get(kind, {}).items():
            if is_boundary(kind, body):
                continue
            if str(body["policy"]).startswith("${"):
                text = (
                    f"{kind}.{name}: its policy is a reference and cannot be checked. Expected: policy_document(...)."
                )
                yield Problem(text, path_of(body))
                continue
            for statement in listed(json.loads(body["policy"])["Statement"]):
                for problem in _problems(statement):
                    text = f"{kind}.{name}, {statement.get('Sid', 'a statement')}: {problem}"
                    yield Problem(text, path_of(body))


def is_boundary(kind: str, body: Mapping[str, Any]) -> bool:
    """True for a permissions boundary, by its name. It grants nothing, it limits what other policies grant."""
    return kind == "aws_iam_policy" and str(body.get("name", "")).endswith("-boundary")


def _problems(statement: Mapping[str, Any]) -> Iterator[str]:
    if statement["Effect"] != "Allow":
        return
    for element in ("NotAction", "NotResource"):
        if element in statement:
            yield f"{element} allows everything except the listed elements. Expected: a list of the required ones."
    actions = listed(statement.get("Action", []))
    for action in actions:
        if "*" in action and action not in SEVERAL_ACTIONS:
            yield f"it allows {action!r}. Expected: the name of each action."
    if "*" not in listed(statement.get("Resource", [])):
        return
    for action in actions:
        if action not in WITHOUT_RESOURCE:
            yield (
                f"it allows {action!r} on all resources. Expected: a list of resources; or, if AWS has no "
                f"resource-level permissions for it, the action and the reason in mlinfra/checks/wildcards.py."
            )


def listed(value: object) -> list[Any]:
    """The value of an element of a policy as a list; a policy may have one value or a list."""
    return value if isinstance(value, list) else [value]


UNLIMITED_PERMISSIONS = Check(
    id="MLC302",
    level=Level.WARNING,
    title="A role may perform actions by a pattern, or on all resources although AWS has permissions for single ones.",
    fix="Name the actions and the resources.",
    find=lambda stack: wildcards(stack.config),
    # By the names of checkov's checks, 3.3 (read 2026-11-30). 62 and 63: actions by a pattern; others: all resources.
    related=(
        "CKV_AWS_62",
        "CKV_AWS_63",
        "CKV_AWS_286",
        "CKV_AWS_287",
        "CKV_AWS_288",
        "CKV_AWS_289",
        "CKV_AWS_290",
        "CKV_AWS_355",
    ),
)
