"""Policies of roles that allow `*` resources without a recorded reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mlinfra.checks.wildcards import wildcards


def problems(*, effect: str = "Allow", **statement: Any) -> list[str]:
    policy = json.dumps({"Version": "2012-10-17", "Statement": {"Sid": "Use", "Effect": effect, **statement}})
    return [each.text for each in wildcards({"resource": {"aws_iam_role_policy": {"role": {"policy": policy}}}})]


def test_actions_on_named_resources_are_not_reported() -> None:
    assert problems(Action=["s3:GetObject"], Resource="arn:aws:s3:::lake/*") == []


@pytest.mark.parametrize("action", ["*", "s3:*", "s3:Get*"])
def test_a_pattern_of_actions_is_reported(action: str) -> None:
    assert problems(Action=action, Resource="arn:aws:s3:::lake/*") == [
        f"aws_iam_role_policy.role, Use: it allows {action!r}. Expected: the name of each action."
    ]


def test_an_action_on_all_resources_is_reported_if_it_has_resource_level_permissions() -> None:
    (problem,) = problems(Action=["s3:GetObject", "ec2:DescribeInstances"], Resource="*")
    assert problem.startswith(
        "aws_iam_role_policy.role, Use: it allows 's3:GetObject' on all resources. Expected: a list"
    )


def test_a_wildcard_among_other_resources_counts_as_all_resources() -> None:
    assert len(problems(Action="s3:GetObject", Resource=["arn:aws:s3:::lake/*", "*"])) == 1


def test_an_action_without_resource_level_permissions_is_not_reported() -> None:
    assert problems(Action="ec2:DescribeInstances", Resource="*") == []


@pytest.mark.parametrize("element", ["NotAction", "NotResource"])
def test_an_inverted_element_is_reported(element: str) -> None:
    named = {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::lake/*"}
    del named[element.removeprefix("Not")]
    (problem,) = problems(**named, **{element: "arn:aws:s3:::lake/*"})
    assert f"{element} allows everything except the listed elements" in problem


def test_a_policy_that_cannot_be_read_is_reported() -> None:
    policy = {"policy": "${data.aws_iam_policy_document.use.json}"}
    (problem,) = wildcards({"resource": {"aws_iam_policy": {"use": policy}}})
    assert problem.text.startswith("aws_iam_policy.use: its policy is a reference")


def test_a_deny_statement_may_apply_to_all_resources() -> None:
    assert problems(effect="Deny", Action="*", Resource="*") == []


def test_a_permissions_boundary_may_name_all_resources_and_a_policy_of_a_role_may_not() -> None:
    policy = json.dumps({"Statement": {"Sid": "Use", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}})
    body = {"name": "recsys-dev-boundary", "policy": policy}
    assert list(wildcards({"resource": {"aws_iam_policy": {"boundary": body}}})) == []
    assert len(list(wildcards({"resource": {"aws_iam_role_policy": {"role": body}}}))) == 2
    assert len(list(wildcards({"resource": {"aws_iam_policy": {"p": body | {"name": "recsys-dev-admin"}}}}))) == 2
