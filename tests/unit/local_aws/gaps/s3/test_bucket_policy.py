"""Enforcement of bucket policies."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

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


def test_a_policy_can_refuse_other_accounts_and_anonymous_requests(running_local_aws: LocalAws, s3: Any) -> None:
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
    assert ask(running_local_aws, "GET", "/data/a")[0] == 403
