"""Accounts of requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3

from mlinfra.local_aws.server import ACCOUNT_ID

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.local_aws.server import LocalAws

OTHER_ACCOUNT = "222222222222"


def test_a_request_with_the_credentials_of_a_role_belongs_to_the_account_of_the_role(
    client: Callable[..., Any], mlinfra_local_aws: LocalAws
) -> None:
    role = f"arn:aws:iam::{OTHER_ACCOUNT}:role/visitor"
    credentials = client("sts").assume_role(RoleArn=role, RoleSessionName="visit")["Credentials"]
    visitor = boto3.client(
        "sts",
        region_name="us-east-1",
        endpoint_url=mlinfra_local_aws.endpoint,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
    assert visitor.get_caller_identity()["Account"] == OTHER_ACCOUNT


def test_a_request_with_an_unknown_access_key_belongs_to_the_account_of_the_local_aws(
    client: Callable[..., Any],
) -> None:
    assert client("sts").get_caller_identity()["Account"] == ACCOUNT_ID
