"""Statements of the policies of a data lake's buckets and key, in addition to TLS only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.constructs.parts import one_or_list, statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra.declarations import Environment

_ENCRYPTION = "s3:x-amz-server-side-encryption"
_KEY = "s3:x-amz-server-side-encryption-aws-kms-key-id"
_CUSTOMER_ALGORITHM = "s3:x-amz-server-side-encryption-customer-algorithm"


def deny_other_accounts(bucket_arn: str, account_ids: Sequence[str]) -> dict[str, object]:
    """Deny principals of accounts other than `account_ids`, whatever another policy allows.

    A service that acts on its own (access logs, inventory) has no account and is not denied; the statement that allows
    it restricts for whom it acts. A service that acts for a principal has that principal's account: a service-linked
    role, such as that of FSx, and the replication role belong to the lake's own account.

    Args:
        bucket_arn: the bucket.
        account_ids: the accounts of the allowed principals.
    """
    return statement(
        "DenyOtherAccounts",
        effect="Deny",
        principals={"AWS": "*"},
        actions=["s3:*"],
        resources=[bucket_arn, f"{bucket_arn}/*"],
        conditions={
            # An anonymous request has neither key. It is denied: a missing key makes both conditions true.
            "StringNotEquals": {"aws:PrincipalAccount": one_or_list(account_ids)},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
        },
    )


def deny_other_encryption(bucket_arn: str, key_arn: str) -> list[dict[str, object]]:
    """Deny uploads with another encryption than the lake's. Uploads that specify none get the bucket's default.

    Args:
        bucket_arn: the bucket.
        key_arn: the key of the lake.
    """
    return [
        _deny_upload(
            "DenyOtherEncryption",
            bucket_arn,
            {"StringNotEquals": {_ENCRYPTION: "aws:kms"}, "Null": {_ENCRYPTION: "false"}},
        ),
        # "aws:kms" without a key is the key that AWS manages, and not the bucket's default, so it is refused too: a
        # negated operator holds where its key is missing. Source: S3 API reference, PutObject; IAM user guide,
        # "Condition operators".
        _deny_upload("DenyOtherKeys", bucket_arn, {"StringNotEquals": {_KEY: key_arn}, "Null": {_ENCRYPTION: "false"}}),
        _deny_upload("DenyKeysOfCustomers", bucket_arn, {"Null": {_CUSTOMER_ALGORITHM: "false"}}),
    ]


def allow_reading(bucket_arn: str, account_ids: Sequence[str]) -> list[dict[str, object]]:
    """Allow other accounts to read a bucket; their own policies select the principals.

    Args:
        bucket_arn: the bucket.
        account_ids: the accounts, other than the bucket's. Empty: no statement.
    """
    if not account_ids:
        return []
    principals = {"AWS": one_or_list([f"arn:aws:iam::{each}:root" for each in account_ids])}
    return [
        statement(
            "AllowListingByTrustedAccounts", principals=principals, actions=["s3:ListBucket"], resources=[bucket_arn]
        ),
        statement(
            "AllowReadingByTrustedAccounts",
            principals=principals,
            actions=["s3:GetObject", "s3:GetObjectVersion"],
            resources=[f"{bucket_arn}/*"],
        ),
    ]


def allow_decrypting(environment: Environment, account_ids: Sequence[str]) -> list[dict[str, object]]:
    """The statement of the lake's key that allows other accounts to decrypt the objects that they read through S3."""
    if not account_ids:
        return []
    return [
        statement(
            "AllowReadingByTrustedAccounts",
            principals={"AWS": one_or_list([f"arn:aws:iam::{each}:root" for each in account_ids])},
            actions=["kms:Decrypt"],
            resources=["*"],  # in a key's policy, "*" is this key
            conditions={"StringEquals": {"kms:ViaService": f"s3.{environment.region}.amazonaws.com"}},
        )
    ]


def allow_inventory(
    environment: Environment, source_arns: Sequence[str], *, action: str, resource: str
) -> dict[str, object]:
    """Allow S3 to write inventories of buckets of this account.

    Source: S3 user guide, "Configuring Amazon S3 Inventory", the policies of the destination and of its key.

    Args:
        environment: the environment of the buckets.
        source_arns: the buckets that are listed.
        action: the allowed action, such as `s3:PutObject`.
        resource: the resource of the action.
    """
    return statement(
        "AllowInventory",
        principals={"Service": "s3.amazonaws.com"},
        actions=[action],
        resources=[resource],
        conditions={
            "ArnLike": {"aws:SourceArn": one_or_list(source_arns)},
            "StringEquals": {"aws:SourceAccount": environment.account_id},
        },
    )


def _deny_upload(sid: str, bucket_arn: str, conditions: dict[str, dict[str, str]]) -> dict[str, object]:
    return statement(
        sid,
        effect="Deny",
        principals={"AWS": "*"},
        actions=["s3:PutObject"],
        resources=[f"{bucket_arn}/*"],
        conditions=conditions,
    )
