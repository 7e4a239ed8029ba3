"""The least permissions of an audit, as an IAM policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from mlinfra.operations.audit.readers import READERS

if TYPE_CHECKING:
    from collections.abc import Sequence

JOINS: Final = ("cloudtrail:LookupEvents", "cloudwatch:GetMetricData", "ec2:DescribeRegions")
"""Actions in addition to those of the readers."""


def audit_actions() -> tuple[str, ...]:
    """The actions of an audit on all resources, without those on states."""
    return tuple(sorted({*JOINS, *(action for each in READERS for action in each.actions)}))


def audit_policy(buckets: Sequence[str] = ("*tfstate*", "*terraform*"), partition: str = "aws") -> dict[str, Any]:
    """The IAM policy with the least permissions of an audit.

    Nearly all of its actions are lists, for which IAM supports no resources (service authorization reference, read
    2026-11-29).

    Args:
        buckets: the names or patterns of the buckets with Terraform states. Default: the names that the audit
            recognizes.
        partition: the partition of the account. Default: aws.
    """
    arns = [f"arn:{partition}:s3:::{each}" for each in buckets]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "ReadInventory", "Effect": "Allow", "Action": list(audit_actions()), "Resource": "*"},
            {"Sid": "ListStates", "Effect": "Allow", "Action": "s3:ListBucket", "Resource": arns},
            {
                "Sid": "ReadStates",
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": [f"{arn}/*.tfstate" for arn in arns],
            },
            {
                "Sid": "DecryptStates",
                "Effect": "Allow",
                "Action": "kms:Decrypt",
                "Resource": "*",
                "Condition": {"StringLike": {"kms:ViaService": "s3.*.amazonaws.com"}},
            },
        ],
    }
