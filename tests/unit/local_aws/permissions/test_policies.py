"""Decisions of policies, as the IAM user guide describes them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.local_aws.permissions.policies import Request, conditions_hold, decide, like

if TYPE_CHECKING:
    from pathlib import Path

ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::lake/*"}


def decision(*statements: dict[str, Any], action: str = "s3:GetObject", **request: Any) -> str:
    return decide([{"Statement": list(statements)}], Request(action, **({"resource": "arn:aws:s3:::lake/a"} | request)))


def test_a_request_that_no_statement_names_is_neutral() -> None:
    assert decision() == "neutral"
    assert decision(ALLOW, action="s3:PutObject") == "neutral"
    assert decision(ALLOW, resource="arn:aws:s3:::other/a") == "neutral"


def test_a_statement_allows_what_it_names() -> None:
    assert decision(ALLOW) == "allowed"
    assert decision({**ALLOW, "Action": ["s3:List*", "S3:getobject"]}) == "allowed"
    assert decision({**ALLOW, "Action": "*"}) == "allowed"


def test_a_denial_overrides_permissions_of_all_policies() -> None:
    deny = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    assert decision(ALLOW, deny) == "denied"
    policies = [{"Statement": deny}, {"Statement": ALLOW}]
    assert decide(policies, Request("s3:GetObject", "arn:aws:s3:::lake/a")) == "denied"


def test_not_action_and_not_resource_name_exceptions() -> None:
    everything_but_iam = {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*"], "Resource": "*"}
    assert decision(everything_but_iam) == "allowed"
    assert decision(everything_but_iam, action="iam:CreateUser") == "neutral"
    elsewhere = {"Effect": "Deny", "Action": "s3:GetObject", "NotResource": "arn:aws:s3:::state/*"}
    assert decision(elsewhere, resource="arn:aws:s3:::lake/a") == "denied"
    assert decision(elsewhere, resource="arn:aws:s3:::state/a") == "neutral"


@pytest.mark.parametrize(
    ("operator", "expected", "given", "holds"),
    [
        ("StringEquals", ["a", "b"], ["b"], True),
        ("StringEquals", "a", ["A"], False),
        ("StringEquals", "a", None, False),
        ("StringNotEquals", "a", ["b"], True),
        ("StringNotEquals", "a", None, True),
        ("StringEqualsIfExists", "a", None, True),
        ("StringEqualsIfExists", "a", ["b"], False),
        ("StringLike", "refs/heads/*", ["refs/heads/main"], True),
        ("StringLike", "v?", ["v12"], False),
        ("StringNotLike", "v*", ["v12"], False),
        ("ArnLike", "arn:aws:iam::*:role/x-*", ["arn:aws:iam::111111111111:role/x-y"], True),
        ("ArnLike", "arn:aws:*:role/x", ["arn:aws:iam::111111111111:role/x"], False),
        ("ArnNotLike", "arn:aws:iam::*:role/x", ["arn:aws:iam::111111111111:role/y"], True),
        ("ArnEquals", "arn:aws:iam::*:role/x", ["arn:aws:iam::111111111111:role/x"], True),
        ("Bool", "true", ["True"], True),
        ("Bool", "true", ["false"], False),
        ("Null", "true", None, True),
        ("Null", "false", None, False),
        ("Null", "false", ["a"], True),
        ("ForAnyValue:StringEquals", ["a"], ["a", "b"], True),
        ("ForAnyValue:StringEquals", ["a"], None, False),
        ("ForAllValues:StringEquals", ["a"], ["a", "b"], False),
        ("ForAllValues:StringEquals", ["a"], None, True),
    ],
)
def test_a_condition(operator: str, expected: Any, given: list[str] | None, *, holds: bool) -> None:
    context = {} if given is None else {"aws:x": given}
    assert conditions_hold({operator: {"aws:X": expected}}, context) is holds


def test_a_statement_applies_if_all_conditions_hold() -> None:
    conditions = {"StringEquals": {"aws:a": "1", "aws:b": "2"}}
    assert conditions_hold(conditions, {"aws:a": ["1"], "aws:b": ["2"]})
    assert not conditions_hold(conditions, {"aws:a": ["1"], "aws:b": ["3"]})


def test_an_operator_that_is_not_implemented_is_an_error_with_its_name() -> None:
    with pytest.raises(NotImplementedError, match="the condition operator NumericLessThan is not implemented"):
        conditions_hold({"NumericLessThan": {"s3:max-keys": "10"}}, {"s3:max-keys": ["1"]})


@pytest.mark.parametrize(("given", "holds"), [("1", True), ("10", True), ("0", False), ("many", False), (None, False)])
def test_numbers_are_compared_by_their_value(given: str | None, holds: bool) -> None:  # noqa: FBT001
    context = {"autoscaling:maxsize": [given]} if given else {}
    assert conditions_hold({"NumericGreaterThan": {"autoscaling:MaxSize": "0"}}, context) is holds


def test_several_values_for_an_operator_of_one_value_are_an_error() -> None:
    with pytest.raises(ValueError, match="the request has 2 values for a condition, but StringEquals compares one"):
        conditions_hold({"StringEquals": {"aws:TagKeys": "a"}}, {"aws:tagkeys": ["a", "b"]})


def test_only_stars_and_question_marks_are_wildcards() -> None:
    assert like("a[b].c", "a[b].?")
    assert not like("abxc", "a[b].c")
    assert like("line\nbreak", "line*")


def test_every_operator_of_the_synthesized_policies_is_implemented(synthesized: Path) -> None:
    seen = 0
    for path in sorted(synthesized.glob("*/cdk.tf.json")):
        for bodies in json.loads(path.read_text())["resource"].values():
            for body in bodies.values():
                for text in (body.get("policy"), body.get("assume_role_policy")):
                    if '"Statement"' not in str(text):
                        continue
                    for statement in json.loads(str(text))["Statement"]:
                        for operator, keys in statement.get("Condition", {}).items():
                            context = {key.lower(): ["x"] for key in keys}
                            conditions_hold({operator: keys}, context)
                            seen += 1
    assert seen > 100
