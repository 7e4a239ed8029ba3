"""Dangerous actions of policies, compared by what the patterns of a policy match.

`iam:Put*`, `iam:*`, `*` and `NotAction` without IAM all allow `iam:PutRolePolicy`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from mlinfra.operations.review.patterns import is_like

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlinfra.operations.review.policies import Grant

ESCALATING: Final = (
    "iam:AddRoleToInstanceProfile",
    "iam:AddUserToGroup",
    "iam:AttachGroupPolicy",
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreateLoginProfile",
    "iam:CreateOpenIDConnectProvider",
    "iam:CreatePolicyVersion",
    "iam:CreateSAMLProvider",
    "iam:CreateServiceSpecificCredential",
    "iam:DeactivateMFADevice",
    "iam:DeleteRolePermissionsBoundary",
    "iam:DeleteUserPermissionsBoundary",
    "iam:PassRole",
    "iam:PutGroupPolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
    "iam:PutUserPermissionsBoundary",
    "iam:PutUserPolicy",
    "iam:SetDefaultPolicyVersion",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateLoginProfile",
    "iam:UpdateOpenIDConnectProviderThumbprint",
    "iam:UpdateSAMLProvider",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "organizations:DetachPolicy",
    "organizations:LeaveOrganization",
    "organizations:UpdatePolicy",
    "sagemaker:CreatePresignedDomainUrl",
    "sagemaker:CreatePresignedNotebookInstanceUrl",
    "sso:AttachManagedPolicyToPermissionSet",
    "sso:CreateAccountAssignment",
    "sso:PutInlinePolicyToPermissionSet",
    "ssm:SendCommand",
    "ssm:StartAutomationExecution",
    "ssm:StartSession",
    "ec2-instance-connect:SendSSHPublicKey",
    "sts:AssumeRole",
)
"""Actions that, on all resources, lead to the permissions of other principals in one or two steps."""

EXPOSING: Final = (
    "dynamodb:ExportTableToPointInTime",
    "dynamodb:PutResourcePolicy",
    "ec2:ModifyImageAttribute",
    "ec2:ModifySnapshotAttribute",
    "ecr:PutReplicationConfiguration",
    "ecr:SetRepositoryPolicy",
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:PutKeyPolicy",
    "lakeformation:GrantPermissions",
    "lambda:AddLayerVersionPermission",
    "lambda:AddPermission",
    "lambda:CreateFunctionUrlConfig",
    "ram:AssociateResourceShare",
    "ram:CreateResourceShare",
    "rds:ModifyDBClusterSnapshotAttribute",
    "rds:ModifyDBSnapshotAttribute",
    "rds:StartExportTask",
    "s3:BypassGovernanceRetention",
    "s3:DeleteBucketPolicy",
    "s3:GetObject",
    "s3:PutAccountPublicAccessBlock",
    "s3:PutBucketAcl",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutObjectAcl",
    "s3:PutReplicationConfiguration",
    "secretsmanager:BatchGetSecretValue",
    "secretsmanager:GetSecretValue",
    "secretsmanager:PutResourcePolicy",
    "sns:AddPermission",
    "sqs:AddPermission",
    "ssm:GetParameter",
    "ssm:GetParameters",
    "ssm:GetParametersByPath",
)
"""Actions that, on all resources, read secrets or data, or share them with others."""

DESTROYING: Final = (
    "backup:DeleteBackupVault",
    "backup:DeleteRecoveryPoint",
    "cloudtrail:DeleteTrail",
    "cloudtrail:PutEventSelectors",
    "cloudtrail:StopLogging",
    "cloudtrail:UpdateTrail",
    "config:DeleteConfigurationRecorder",
    "config:StopConfigurationRecorder",
    "dynamodb:DeleteTable",
    "ec2:DeleteFlowLogs",
    "ec2:DeleteSnapshot",
    "ec2:DeleteVolume",
    "ec2:TerminateInstances",
    "ecr:BatchDeleteImage",
    "ecr:DeleteRepository",
    "elasticfilesystem:DeleteFileSystem",
    "fsx:DeleteFileSystem",
    "guardduty:DeleteDetector",
    "guardduty:UpdateDetector",
    "kms:DisableKey",
    "kms:ScheduleKeyDeletion",
    "logs:DeleteLogGroup",
    "rds:DeleteDBCluster",
    "rds:DeleteDBInstance",
    "s3:DeleteBucket",
    "s3:DeleteObject",
    "s3:DeleteObjectVersion",
    "s3:PutBucketVersioning",
    "s3:PutLifecycleConfiguration",
    "sagemaker:DeleteDomain",
    "sagemaker:DeleteEndpoint",
    "secretsmanager:DeleteSecret",
    "securityhub:DisableSecurityHub",
)
"""Actions that, on all resources, destroy data or the records of what happened."""

_ACCOUNT_WIDE: Final = re.compile(r"[*?]+|(?:[a-zA-Z-]+[:/])?[*?/:]+")
"""The last part of an ARN that names no single resource: `*`, `role/*`, `table/*`, `*/*`."""
_ARN_PARTS: Final = 6


def reached(grant: Grant, actions: Iterable[str]) -> list[str]:
    """Those of `actions` that a grant allows."""
    return [each for each in actions if _allows(grant.action, "Action" in grant.excepts, each.lower())]


def is_whole_service(action: str) -> bool:
    """True for an action such as `s3:*`."""
    service, _, name = action.partition(":")
    return bool(service) and bool(name) and not name.strip("*?")


def is_any(action: str) -> bool:
    """True for an action that includes those of all services: `*`, `*:*`."""
    return not action.partition(":")[0].strip("*?")


@lru_cache(maxsize=4096)
def is_wide(resource: str) -> bool:
    """True if a resource of a statement is a whole kind of resources: `*`, `arn:aws:s3:::*`, `arn:...:role/*`."""
    if resource and not resource.strip("*?"):
        return True
    parts = resource.split(":", _ARN_PARTS - 1)
    if len(parts) < _ARN_PARTS:
        # `arn:*` and `arn:aws:s3*` are patterns across the parts of an ARN.
        return resource.startswith("arn:") and resource.endswith("*")
    if parts[2] == "s3":
        # The ARN of a bucket begins with its name: `lake/*` are the objects of one bucket.
        return not parts[-1].strip("*?/")
    return _ACCOUNT_WIDE.fullmatch(parts[-1]) is not None


@lru_cache(maxsize=8192)
def _allows(pattern: str, is_exception: bool, action: str) -> bool:  # noqa: FBT001  an argument of a cache
    if is_exception:
        return not any(is_like(each.lower(), action) for each in pattern.split(" and "))
    return is_like(pattern.lower(), action)
