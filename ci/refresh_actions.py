"""Read actions of a refresh by resource type: `python -m ci.refresh_actions LOG...` adds those in the provider's logs.

A log comes from a plan of resources that exist: TF_LOG_PROVIDER=DEBUG TF_LOG_PATH=LOG terraform plan

The table was recorded on the local AWS with version 5.100.0 of the provider, 2026-11-29. It lacks calls that the
provider makes only for settings that neither the stacks nor the conformance cases have. Entries of data exports, Glue
tables and Slack channels are written by hand.
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

TABLE = Path(__file__).with_name("refresh_actions.json")
"""IAM actions by resource type. Data sources begin with `data.`."""

_FIELD = re.compile(r'(tf_resource_type|tf_data_source_type|rpc\.service|rpc\.method)=("[^"]*"|\S+)')

_PREFIXES = MappingProxyType(
    {
        "Application Auto Scaling": "application-autoscaling",
        "Cost Explorer": "ce",
        "Auto Scaling": "autoscaling",
        "CloudWatch Logs": "logs",
        "EventBridge": "events",
    }
)
"""Prefixes of actions that are not the lower-case name of the service in the AWS SDK."""

_ACTIONS = MappingProxyType(
    {
        "budgets:DescribeBudget": "budgets:ViewBudget",
        "budgets:DescribeNotificationsForBudget": "budgets:ViewBudget",
        "budgets:DescribeSubscribersForNotification": "budgets:ViewBudget",
        "s3:GetBucketAccelerateConfiguration": "s3:GetAccelerateConfiguration",
        "s3:GetBucketCors": "s3:GetBucketCORS",
        "s3:GetBucketEncryption": "s3:GetEncryptionConfiguration",
        "s3:GetBucketInventoryConfiguration": "s3:GetInventoryConfiguration",
        "s3:GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
        "s3:GetBucketNotificationConfiguration": "s3:GetBucketNotification",
        "s3:GetBucketReplication": "s3:GetReplicationConfiguration",
        "s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
        "s3:GetPublicAccessBlock": "s3:GetBucketPublicAccessBlock",
        "s3:HeadBucket": "s3:ListBucket",
    }
)
"""Actions that differ from the API operation. Source: service authorization reference of AWS Budgets and of S3, read
2026-11-29."""


def refresh_actions(lines: Iterable[str]) -> dict[str, set[str]]:
    """The IAM actions of each resource type in a log of the AWS provider.

    Args:
        lines: the lines of the log.
    """
    found: defaultdict[str, set[str]] = defaultdict(set)
    for line in lines:
        fields = {name: value.strip('"') for name, value in _FIELD.findall(line)}
        if not {"rpc.service", "rpc.method"} <= fields.keys():
            continue
        source = fields.get("tf_data_source_type")
        type_name = f"data.{source}" if source else fields.get("tf_resource_type")
        if type_name:
            service = fields["rpc.service"]
            action = f"{_PREFIXES.get(service, service.lower())}:{fields['rpc.method']}"
            found[type_name].add(_ACTIONS.get(action, action))
    return dict(found)


def table() -> dict[str, list[str]]:
    """The stored actions, by resource type."""
    stored: dict[str, list[str]] = json.loads(TABLE.read_text(encoding="utf-8"))
    return stored


def merged(stored: Mapping[str, Iterable[str]], found: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """The stored actions and those that were found, sorted."""
    return {name: sorted({*stored.get(name, ()), *found.get(name, ())}) for name in sorted({*stored, *found})}


if __name__ == "__main__":
    actions = table()
    for log in sys.argv[1:]:
        with Path(log).open(encoding="utf-8") as opened:
            actions = merged(actions, refresh_actions(opened))
    TABLE.write_text(json.dumps(actions, indent=2) + "\n", encoding="utf-8")
