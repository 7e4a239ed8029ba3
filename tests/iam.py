"""AWS's managed policies, and decisions of a single policy, evaluated as the local AWS does.

The decisions replace AWS's policy simulator, which requires AWS and does not support service control policies of other
accounts.
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

from moto.iam.aws_managed_policies import aws_managed_policies_data

from mlinfra.checks.wildcards import listed
from mlinfra.local_aws.permissions.policies import Request, decide

if TYPE_CHECKING:
    from collections.abc import Mapping


@functools.cache
def managed_policies() -> Mapping[str, Any]:
    """AWS's managed policies by name, as moto contains them. The document of one is its `Document`."""
    found: dict[str, Any] = json.loads(aws_managed_policies_data)
    return found


def denied(policy: Mapping[str, Any], action: str, resource: str = "arn:aws:x:::y", **context: Any) -> bool:
    """True if `policy` denies the request, regardless of other policies."""
    return _decision(policy, action, resource, context) == "denied"


def allowed(policy: Mapping[str, Any], action: str, resource: str = "arn:aws:x:::y", **context: Any) -> bool:
    """True if `policy` allows the request and does not deny it."""
    return _decision(policy, action, resource, context) == "allowed"


def _decision(policy: Mapping[str, Any], action: str, resource: str, context: Mapping[str, Any]) -> str:
    values = {key.replace("__", ":"): listed(value) for key, value in context.items()}
    return decide([policy], Request(action, resource, values))
