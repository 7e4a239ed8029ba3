from __future__ import annotations

import pytest

from mlinfra.operations.review.actions import ESCALATING, is_any, is_whole_service, is_wide, reached
from mlinfra.operations.review.policies import Grant


@pytest.mark.parametrize(
    ("action", "excepts", "found"),
    [
        ("iam:PutRolePolicy", (), "iam:PutRolePolicy"),
        ("IAM:put*", (), "iam:PutRolePolicy"),
        ("iam:*", (), "iam:PassRole"),
        ("*", (), "sts:AssumeRole"),
        ("s3:* and ec2:*", ("Action",), "iam:PutRolePolicy"),
    ],
)
def test_a_pattern_reaches_the_actions_that_it_matches(action: str, excepts: tuple[str, ...], found: str) -> None:
    assert found in reached(Grant("Allow", "", action, "*", "", excepts), ESCALATING)


@pytest.mark.parametrize(
    ("action", "excepts"), [("iam:Get*", ()), ("s3:*", ()), ("iam:* and sts:*", ("Action",)), ("i?m", ())]
)
def test_a_pattern_does_not_reach_other_actions(action: str, excepts: tuple[str, ...]) -> None:
    assert not [
        each for each in reached(Grant("Allow", "", action, "*", "", excepts), ESCALATING) if each.startswith("iam:P")
    ]


@pytest.mark.parametrize(
    "resource",
    [
        *("*", "**", "arn:*", "arn:aws:s3:::*", "arn:aws:s3:::*/*", "arn:aws:iam::123456789012:role/*"),
        *("arn:aws:secretsmanager:us-east-1:123456789012:secret:*", "arn:aws:dynamodb:*:*:table/*", "arn:aws:s3*"),
    ],
)
def test_a_whole_kind_of_resources_is_wide(resource: str) -> None:
    assert is_wide(resource)


@pytest.mark.parametrize(
    "resource",
    [
        *("arn:aws:s3:::lake", "arn:aws:s3:::lake/*", "arn:aws:iam::123456789012:role/recsys-*"),
        *("arn:aws:logs:us-east-1:123456789012:log-group:training:*", "arn:aws:dynamodb:us-east-1:1:table/runs", ""),
    ],
)
def test_a_named_resource_is_not_wide(resource: str) -> None:
    assert not is_wide(resource)


def test_actions_of_all_services_and_of_one_are_distinguished() -> None:
    assert (is_any("*"), is_any("*:*"), is_any("s3:*")) == (True, True, False)
    assert (is_whole_service("s3:*"), is_whole_service("s3:Get*"), is_whole_service("*")) == (True, False, False)
