"""Enforcement of bucket policies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.unit.local_aws.gaps.s3.conftest import ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.local_aws.server import LocalAws


def bucket_that_denies(client: Callable[..., Any], name: str, conditions: dict[str, Any]) -> Any:
    s3 = client("s3")
    s3.create_bucket(Bucket=name)
    statement = {
        "Effect": "Deny",
        "Principal": {"AWS": "*"},
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{name}/*",
        "Condition": conditions,
    }
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(policy))
    return s3


def test_a_deny_statement_for_plain_http_allows_requests_to_the_local_aws(client: Callable[..., Any]) -> None:
    s3 = bucket_that_denies(client, "tls-only", {"Bool": {"aws:SecureTransport": "false"}})
    s3.put_object(Bucket="tls-only", Key="a", Body=b"x")
    assert s3.get_object(Bucket="tls-only", Key="a")["Body"].read() == b"x"


def test_a_deny_statement_refuses_objects_with_other_encryption(client: Callable[..., Any]) -> None:
    header = "s3:x-amz-server-side-encryption"
    conditions = {"StringNotEquals": {header: "aws:kms"}, "Null": {header: "false"}}
    s3 = bucket_that_denies(client, "kms-only", conditions)
    s3.put_object(Bucket="kms-only", Key="a", Body=b"x")
    s3.put_object(Bucket="kms-only", Key="a", Body=b"x", ServerSideEncryption="aws:kms")
    with pytest.raises(ClientError, match=r"403|AccessDenied|Forbidden"):
        s3.put_object(Bucket="kms-only", Key="a", Body=b"x", ServerSideEncryption="AES256")


def test_a_deny_statement_with_a_met_condition_refuses(client: Callable[..., Any]) -> None:
    s3 = bucket_that_denies(client, "no-entry", {"Bool": {"aws:SecureTransport": "true"}})
    with pytest.raises(ClientError, match=r"403|AccessDenied|Forbidden"):
        s3.put_object(Bucket="no-entry", Key="a", Body=b"x")


def test_a_policy_can_refuse_other_accounts_and_anonymous_requests(mlinfra_local_aws: LocalAws, s3: Any) -> None:
    s3.put_object(Bucket="data", Key="a", Body=b"1")
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::data/*",
        "Condition": {
            "StringNotEquals": {"aws:PrincipalAccount": "123456789012"},
            "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
        },
    }
    s3.put_bucket_policy(Bucket="data", Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    assert s3.get_object(Bucket="data", Key="a")["Body"].read() == b"1"
    assert ask(mlinfra_local_aws, "GET", "/data/a")[0] == 403


def test_a_policy_can_require_that_an_object_is_created_and_not_replaced(client: Callable[..., Any]) -> None:
    s3 = bucket_that_denies(client, "write-once", {"Null": {"s3:if-none-match": "true"}})
    with pytest.raises(ClientError, match=r"403|AccessDenied|Forbidden"):
        s3.put_object(Bucket="write-once", Key="a", Body=b"x")
    s3.put_object(Bucket="write-once", Key="a", Body=b"x", IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        s3.put_object(Bucket="write-once", Key="a", Body=b"y", IfNoneMatch="*")


def test_a_policy_can_exempt_a_role_a_user_or_the_account(
    client: Callable[..., Any], mlinfra_local_aws: LocalAws
) -> None:
    role = "arn:aws:iam::123456789012:role/reader"
    s3 = bucket_that_denies(client, "of-a-role", {"ArnNotLike": {"aws:PrincipalArn": [role]}})
    with pytest.raises(ClientError, match=r"403|AccessDenied|Forbidden"):
        s3.put_object(Bucket="of-a-role", Key="a", Body=b"x")

    def puts(credentials: dict[str, str]) -> bool:
        own = boto3.client(
            "s3",
            region_name="us-east-1",
            endpoint_url=mlinfra_local_aws.endpoint,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials.get("SessionToken"),
        )
        try:
            own.put_object(Bucket="of-a-role", Key="a", Body=b"x")
        except ClientError:
            return False
        return True

    def session_of(arn: str) -> dict[str, str]:
        answer = client("sts").assume_role(RoleArn=arn, RoleSessionName="pipeline")
        return dict(answer["Credentials"])

    client("iam").create_user(UserName="ana")
    user = client("iam").create_access_key(UserName="ana")["AccessKey"]
    assert puts(session_of(role))
    assert not puts(session_of("arn:aws:iam::123456789012:role/other"))
    assert not puts(user)
