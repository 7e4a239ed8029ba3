from __future__ import annotations

import json
from typing import Any

import pytest

from mlinfra.operations.drift.values import OTHER_SENSITIVE, SENSITIVE, differences


def changes(before: Any, after: Any, *, name: str = "x", sensitive: Any = None) -> list[tuple[str, Any, Any]]:
    found = differences(name, before, after, sensitive=(sensitive, sensitive))
    return [(each.path, each.before, each.after) for each in found]


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.mark.parametrize(
    ("before", "after"),
    [(None, {}), (None, []), (None, ""), ("", None), (None, False), (0, None), ([], ""), ({}, None)],
)
def test_empty_values_are_equal(before: Any, after: Any) -> None:
    assert changes(before, after) == []


@pytest.mark.parametrize(("before", "after"), [(False, True), (None, True), (0, 1), (True, 1), ("a", None), (False, 0)])
def test_different_values_are_reported(before: Any, after: Any) -> None:
    assert changes(before, after) == [("x", before, after)]


def test_nested_changes_are_reported_with_their_path() -> None:
    before = {"status": [{"days": 1, "mfa": "off"}], "aws:x": "1"}
    after = {"status": [{"days": 2, "mfa": "off"}], "aws:x": "2"}
    assert changes(before, after) == [('x["aws:x"]', "1", "2"), ("x.status[0].days", 1, 2)]


def test_an_added_element_does_not_change_the_elements_after_it() -> None:
    before = [{"cidr": "10.0.0.0/8"}, {"cidr": "10.2.0.0/16"}]
    assert changes(before, [{"cidr": "0.0.0.0/0"}, *before]) == [("x", None, {"cidr": "0.0.0.0/0"})]


def test_elements_with_a_name_are_compared_by_name() -> None:
    before = [{"key": "Team", "value": "ml"}, {"key": "Owner", "value": "ana"}]
    after = [{"key": "Owner", "value": "bob"}, {"key": "Team", "value": "ml"}]
    assert changes(before, after, name="tag") == [('tag["Owner"].value', "ana", "bob")]


def test_a_reordered_list_of_texts_is_reported() -> None:
    assert changes(["a", "b"], ["b", "a"]) == [("x", ["a", "b"], ["b", "a"])]


def test_equivalent_policies_are_equal() -> None:
    before = policy(
        {
            "Effect": "Allow",
            "Action": ["s3:Get*", "s3:List*"],
            "Resource": "*",
            "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
            "Condition": {"Bool": {"aws:SecureTransport": True}},
        }
    )
    after = policy(
        {
            "Action": ["s3:List*", "s3:Get*"],
            "Effect": "Allow",
            "Principal": {"AWS": ["123456789012"]},
            "Resource": ["*"],
            "Condition": {"Bool": {"aws:SecureTransport": ["true"]}},
        }
    )
    assert changes(before, after) == []


def test_a_changed_statement_is_identified_by_its_sid() -> None:
    tls = {"Sid": "Tls", "Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
    read = {"Sid": "Read", "Effect": "Allow", "Principal": "*", "Action": "s3:Get*", "Resource": "*"}
    found = changes(policy(tls, read), policy({**read, "Action": ["s3:Get*", "s3:Put*"]}, tls), name="policy")
    assert found == [('policy.Statement["Read"].Action', ["s3:Get*"], ["s3:Get*", "s3:Put*"])]


def test_a_changed_sensitive_value_is_reported_and_not_shown() -> None:
    assert changes("hunter2", "hunter3", sensitive=True) == [("x", SENSITIVE, OTHER_SENSITIVE)]
    assert changes("hunter2", None, sensitive=True) == [("x", SENSITIVE, None)]
    assert changes("hunter2", "hunter2", sensitive=True) == []


def test_marks_of_one_element_apply_to_all_elements() -> None:
    before, after = [{"name": "a", "v": "hunter2"}], [{"name": "b", "v": "hunter3"}, {"name": "a", "v": "hunter2"}]
    found = changes(before, after, sensitive=[{"v": True}])
    assert found == [('x["b"]', None, {"name": "b", "v": SENSITIVE})]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"DB_PASSWORD": "hunter2"}, {"DB_PASSWORD": "hunter3"}),
        ([{"name": "API_TOKEN", "value": "hunter2"}], [{"name": "API_TOKEN", "value": "hunter3"}]),
        (json.dumps({"secret": "hunter2"}), json.dumps({"secret": "hunter3"})),
    ],
)
def test_a_value_with_the_name_of_a_secret_is_not_shown(before: Any, after: Any) -> None:
    ((_, old, new),) = changes(before, after)
    assert (old, new) == (SENSITIVE, OTHER_SENSITIVE)


def test_the_arn_of_a_secret_is_shown() -> None:
    assert changes({"secret_arn": "arn:a"}, {"secret_arn": "arn:b"}) == [("x.secret_arn", "arn:a", "arn:b")]
