from __future__ import annotations

import json
from typing import Any

import pytest

from mlinfra.operations.review.conditions import admitted_accounts, restricts_caller, restricts_subject


def normal(condition: dict[str, Any]) -> str:
    return json.dumps(condition)


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": {"aws:PrincipalOrgID": ["o-a1b2c3"]}},
        {"StringEquals": {"aws:SourceAccount": ["123456789012"]}},
        {"ArnLike": {"aws:SourceArn": ["arn:aws:s3:::lake"]}},
        {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24"]}},
        {"StringEquals": {"aws:SourceVpce": ["vpce-1"]}, "Bool": {"aws:SecureTransport": ["true"]}},
        {"StringLike": {"aws:userid": ["AROAEXAMPLE:*"]}},
    ],
)
def test_a_condition_on_the_caller_restricts_it(condition: dict[str, Any]) -> None:
    assert restricts_caller(normal(condition))


@pytest.mark.parametrize(
    "condition",
    [
        {"Bool": {"aws:SecureTransport": ["true"]}},
        {"StringEquals": {"s3:x-amz-server-side-encryption": ["aws:kms"]}},
        {"StringEquals": {"aws:RequestedRegion": ["us-east-1"]}},
        {"DateLessThan": {"aws:CurrentTime": ["2027-01-01T00:00:00Z"]}},
        {"StringNotEquals": {"aws:PrincipalAccount": ["123456789012"]}},
        {"StringEqualsIfExists": {"aws:PrincipalOrgID": ["o-a1b2c3"]}},
        {"ForAllValues:StringEquals": {"aws:PrincipalOrgPaths": ["o-a/r-b/"]}},
        {"StringLike": {"aws:PrincipalArn": ["*"]}},
        {"ArnLike": {"aws:PrincipalArn": ["arn:aws:iam::*:role/admin"]}},
        {"IpAddress": {"aws:SourceIp": ["0.0.0.0/0"]}},
        {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "::/0"]}},
        {"StringEquals": {"sts:ExternalId": ["abc"]}},
        {"StringLike": {"aws:userid": ["*:session"]}},
        {"Null": {"aws:PrincipalOrgID": ["false"]}},
    ],
)
def test_a_condition_that_any_caller_can_satisfy_does_not_restrict_it(condition: dict[str, Any]) -> None:
    assert not restricts_caller(normal(condition))


def test_the_accounts_of_callers_are_found() -> None:
    condition = {"ArnLike": {"aws:SourceArn": ["arn:aws:sns:us-east-1:999999999999:t"]}}
    assert admitted_accounts(normal(condition)) == {"999999999999"}


@pytest.mark.parametrize(
    ("subject", "is_restricted"),
    [
        ("repo:ml/platform:ref:refs/heads/main", True),
        ("repo:ml/platform:*", True),
        ("project_path:ml/platform:ref_type:branch:ref:main", True),
        ("system:serviceaccount:ml:trainer", True),
        ("repo:ml/*", False),
        ("repo:*", False),
        ("*", False),
        ("project_path:*", False),
    ],
)
def test_a_subject_without_a_fixed_project_admits_all(subject: str, *, is_restricted: bool) -> None:
    condition = {"StringLike": {"token.actions.githubusercontent.com:sub": [subject]}}
    assert restricts_subject(normal(condition)) is is_restricted


def test_an_audience_alone_admits_all_projects() -> None:
    condition = {"StringEquals": {"token.actions.githubusercontent.com:aud": ["sts.amazonaws.com"]}}
    assert not restricts_subject(normal(condition))
