from __future__ import annotations

from typing import Any

import pytest

from mlinfra.operations.adopt.planned_imports import import_of, others


def a_plan(*actions: str, address: str = "aws_s3_bucket.a", **change: Any) -> dict[str, Any]:
    return {
        "resource_changes": [{"address": address, "mode": "managed", "change": {"actions": list(actions), **change}}]
    }


def test_an_import_without_actions_changes_nothing() -> None:
    planned = import_of(a_plan("no-op", importing={"id": "a"}), "aws_s3_bucket.a")
    assert (planned.outcome, planned.changes_nothing) == ("imported", True)


@pytest.mark.parametrize(
    ("plan", "outcome"),
    [
        (a_plan("no-op"), "managed"),
        (a_plan("create"), "created"),
        (a_plan("update", before={}, after={}), "changed"),
        (a_plan("delete", "create", before={}, after={}), "replaced"),
        ({}, "missing"),
    ],
)
def test_other_actions_have_their_own_outcome(plan: dict[str, Any], outcome: str) -> None:
    planned = import_of(plan, "aws_s3_bucket.a")
    assert planned.outcome == outcome
    assert planned.changes_nothing == (outcome == "managed")


def test_changes_are_reported_for_each_attribute() -> None:
    planned = import_of(
        a_plan(
            "update",
            before={"a": 1, "same": 2, "rule": [{"port": 443, "to": "x"}], "list": [1]},
            after={"a": 2, "same": 2, "rule": [{"port": 80, "to": "x"}], "list": [1, 2]},
            after_unknown={"arn": True},
        ),
        "aws_s3_bucket.a",
    )
    assert [str(each) for each in planned.changes] == [
        "a: 1 -> 2",
        "arn: null -> known after apply",
        "list: [1] -> [1, 2]",
        "rule.0.port: 443 -> 80",
    ]


def test_a_changed_sensitive_value_is_not_shown() -> None:
    planned = import_of(
        a_plan("update", before={"a": "old"}, after={"a": "new"}, before_sensitive={"a": True}, after_sensitive={}),
        "aws_s3_bucket.a",
    )
    assert [str(each) for each in planned.changes] == ["a: (sensitive value) -> (sensitive value)"]


def test_other_planned_changes_are_reported() -> None:
    plan = a_plan("update", address="aws_s3_bucket.b")
    assert others(plan, {"aws_s3_bucket.a"}) == ("aws_s3_bucket.b: update",)
    assert others(plan, {"aws_s3_bucket.b"}) == ()
    assert others(a_plan("no-op"), set()) == ()
    assert others(a_plan("no-op", importing={"id": "a"}), set()) == ("aws_s3_bucket.a: import",)
