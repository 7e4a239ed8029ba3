"""Credentials of the account that the pages name, in a local AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3

if TYPE_CHECKING:
    import pytest


def use_account(account_id: str, patch: pytest.MonkeyPatch) -> None:
    """Give programs the credentials of a role of an account, which is empty, in the local AWS in use.

    Args:
        account_id: the account.
        patch: sets the variables.
    """
    role = f"arn:aws:iam::{account_id}:role/ana"
    assumed = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="ana")["Credentials"]
    patch.setenv("AWS_ACCESS_KEY_ID", assumed["AccessKeyId"])
    patch.setenv("AWS_SECRET_ACCESS_KEY", assumed["SecretAccessKey"])
    patch.setenv("AWS_SESSION_TOKEN", assumed["SessionToken"])
