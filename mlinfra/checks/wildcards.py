"""What roles may do is named: no `*` for an action, and none for a resource where AWS knows resources."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DESCRIBES = "It lists what there is, and knows no resource."
_SESSION = "It is how Session Manager reaches a node, and knows no resource."
_METRICS = "CloudWatch's metrics are no resources. To write them is limited by their namespace."

WITHOUT_RESOURCE: Mapping[str, str] = MappingProxyType(
    {
        "autoscaling:DescribeAutoScalingGroups": _DESCRIBES,
        "autoscaling:DescribeAutoScalingInstances": _DESCRIBES,
        "cloudwatch:GetMetricData": _METRICS,
        "cloudwatch:PutMetricData": _METRICS,
        "ec2:DescribeDhcpOptions": _DESCRIBES,
        "ec2:DescribeInstances": _DESCRIBES,
        "ec2:DescribeNetworkInterfaces": _DESCRIBES,
        "ec2:DescribeSecurityGroups": _DESCRIBES,
        "ec2:DescribeSubnets": _DESCRIBES,
        "ec2:DescribeTags": _DESCRIBES,
        "ec2:DescribeVolumes": _DESCRIBES,
        "ec2:DescribeVpcs": _DESCRIBES,
        "ecr:GetAuthorizationToken": "It logs in to the registry, which is the account's.",
        "logs:DescribeLogGroups": _DESCRIBES,
        "sagemaker:ListApps": _DESCRIBES,
        "sagemaker:ListDomains": _DESCRIBES,
        "sagemaker:ListEndpoints": _DESCRIBES,
        "sagemaker:ListSpaces": _DESCRIBES,
        "sagemaker:ListUserProfiles": _DESCRIBES,
        "ssmmessages:CreateControlChannel": _SESSION,
        "ssmmessages:CreateDataChannel": _SESSION,
        "ssmmessages:OpenControlChannel": _SESSION,
        "ssmmessages:OpenDataChannel": _SESSION,
        "xray:PutTelemetryRecords": "It writes traces, and knows no resource.",
        "xray:PutTraceSegments": "It writes traces, and knows no resource.",
    }
)
"""Actions that AWS has no resource level for, and why a role has them.

Source: service authorization reference of each service, "Actions", read 2026-11-24.
"""

SEVERAL_ACTIONS: Mapping[str, str] = MappingProxyType(
    {
        "kms:GenerateDataKey*": "With and without plaintext, as pairs too: four names for one permission.",
        "kms:ReEncrypt*": "From and to: a copy needs both.",
    }
)
"""Patterns that stand for several actions, and why."""

_POLICIES = ("aws_iam_role_policy", "aws_iam_policy", "aws_iam_user_policy", "aws_iam_group_policy")


def wildcards(config: Mapping[str, Any]) -> Iterator[str]:
    """Which policies of roles allow more than they name.

    Policies of resources are another matter: there `*` is the resource itself, or everybody who is refused.

    Args:
        config: a stack as Terraform JSON.
    """
    for kind in _POLICIES:
        for name, body in config.get("resource", {}).get(kind, {}).items():
            if str(body["policy"]).startswith("${"):
                yield f"{kind}.{name}: its policy stands elsewhere, and cannot be read. Expected: policy_document(...)."
                continue
            for statement in listed(json.loads(body["policy"])["Statement"]):
                for problem in _problems(statement):
                    yield f"{kind}.{name}, {statement.get('Sid', 'a statement')}: {problem}"


def _problems(statement: Mapping[str, Any]) -> Iterator[str]:
    if statement["Effect"] != "Allow":
        return
    for element in ("NotAction", "NotResource"):
        if element in statement:
            yield f"{element} allows everything but what it names. Expected: what is needed, named."
    actions = listed(statement.get("Action", []))
    for action in actions:
        if "*" in action and action not in SEVERAL_ACTIONS:
            yield f"it allows {action!r}. Expected: each action by its name."
    if "*" not in listed(statement.get("Resource", [])):
        return
    for action in actions:
        if action not in WITHOUT_RESOURCE:
            yield (
                f"it allows {action!r} on everything. Expected: the resources that it is for; or, where AWS knows none "
                f"for it, the action and the reason in mlinfra/checks/wildcards.py."
            )


def listed(value: object) -> list[Any]:
    """The elements of what a policy has one or several of."""
    return value if isinstance(value, list) else [value]
