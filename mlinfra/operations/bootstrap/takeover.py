"""Takeover of resources from an incomplete bootstrap: found in AWS by name, and imported into the state.

Only resources that cannot be created twice are imported. Settings of a bucket, such as its versioning, are written
again with the same values, which changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from mlinfra.errors import OperationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mlinfra.operations.aws import AwsAccount
    from mlinfra.operations.terraform import State

Attributes = dict[str, Any]


def unmanaged(stack: Mapping[str, Any], state: State, account: AwsAccount) -> dict[str, str]:
    """The declared resources that exist in AWS and not in the state.

    Args:
        stack: the content of the stack's `cdk.tf.json`.
        state: the state of the stack.
        account: the account of the environment.

    Returns:
        The id to import, by address.

    Raises:
        OperationError: if several keys match.
    """
    resources: Mapping[str, Mapping[str, Attributes]] = stack["resource"]
    found: dict[str, str] = {}
    for kind, look_for in _FINDERS.items():
        for name, attributes in resources.get(kind, {}).items():
            address = f"{kind}.{name}"
            if address not in state.resources and (identifier := look_for(account, attributes, resources)):
                found[address] = identifier
    return found


def import_blocks(found: Mapping[str, str]) -> Attributes:
    """The Terraform configuration, as JSON, that imports `found` at the next apply."""
    return {"import": [{"to": address, "id": identifier} for address, identifier in found.items()]}


def _bucket(account: AwsAccount, attributes: Attributes, _: object) -> str | None:
    name = str(attributes["bucket"])
    try:
        account.client("s3").head_bucket(Bucket=name, ExpectedBucketOwner=account.account_id)
    except ClientError as error:
        _raise_unless(error, "404", "NoSuchBucket")
        return None
    return name


def _table(account: AwsAccount, attributes: Attributes, _: object) -> str | None:
    name = str(attributes["name"])
    dynamodb = account.client("dynamodb")
    try:
        dynamodb.describe_table(TableName=name)
    except ClientError as error:
        _raise_unless(error, "ResourceNotFoundException")
        return None
    dynamodb.get_waiter("table_exists").wait(TableName=name)
    return name


def _policy(account: AwsAccount, attributes: Attributes, _: object) -> str | None:
    arn = f"arn:aws:iam::{account.account_id}:policy/{attributes['name']}"
    try:
        account.client("iam").get_policy(PolicyArn=arn)
    except ClientError as error:
        _raise_unless(error, "NoSuchEntity")
        return None
    return arn


def _alias(account: AwsAccount, attributes: Attributes, _: object) -> str | None:
    name = str(attributes["name"])
    return name if _target(account, name) else None


def _key(account: AwsAccount, attributes: Attributes, resources: Mapping[str, Mapping[str, Attributes]]) -> str | None:
    """The key of the alias; without an alias, the enabled key with the same description."""
    for alias in resources.get("aws_kms_alias", {}).values():
        if target := _target(account, str(alias["name"])):
            return target
    description = attributes["description"]
    kms = account.client("kms")
    ids = [key["KeyId"] for page in kms.get_paginator("list_keys").paginate() for key in page["Keys"]]
    keys = (kms.describe_key(KeyId=identifier)["KeyMetadata"] for identifier in ids)
    fitting = [key["KeyId"] for key in keys if key["Description"] == description and key["KeyState"] == "Enabled"]
    if len(fitting) > 1:
        aliases = ", ".join(str(alias["name"]) for alias in resources.get("aws_kms_alias", {}).values())
        message = (
            f"Several KMS keys have the description {description!r}: {', '.join(fitting)}. Create the alias {aliases} "
            f"for the key to keep with `aws kms create-alias`, and run the command again."
        )
        raise OperationError(message)
    return fitting[0] if fitting else None


def _target(account: AwsAccount, alias: str) -> str | None:
    pages = account.client("kms").get_paginator("list_aliases").paginate()
    return next((each["TargetKeyId"] for page in pages for each in page["Aliases"] if each["AliasName"] == alias), None)


def _raise_unless(error: ClientError, *codes: str) -> None:
    if error.response["Error"]["Code"] not in codes:
        raise error


_FINDERS: Mapping[str, Callable[[AwsAccount, Attributes, Mapping[str, Mapping[str, Attributes]]], str | None]] = {
    "aws_kms_key": _key,
    "aws_kms_alias": _alias,
    "aws_s3_bucket": _bucket,
    "aws_dynamodb_table": _table,
    "aws_iam_policy": _policy,
}
