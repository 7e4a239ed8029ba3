"""From what AWS has to arguments, and from a plan to what it would change."""

from __future__ import annotations

from typing import Any

import pytest

from mlinfra.operations.adopt.arguments import arguments_of, conflicts, may_be_left_out, without
from mlinfra.operations.adopt.kinds import KINDS, Kind
from mlinfra.operations.adopt.proof import import_of, others

OPTIONAL: dict[str, Any] = {"optional": True}
COMPUTED: dict[str, Any] = {"computed": True}
EITHER: dict[str, Any] = {"optional": True, "computed": True}
BLOCK: dict[str, Any] = {
    "attributes": {
        "id": EITHER,
        "arn": COMPUTED,
        "name": {"required": True},
        "size": OPTIONAL,
        "count_of_it": EITHER,
        "password": {"optional": True, "sensitive": True},
        "policy": {"optional": True, "deprecated": True},
        "rules": EITHER,
        "tags": OPTIONAL,
        "tags_all": EITHER,
    },
    "block_types": {
        "timeouts": {"block": {"attributes": {"create": OPTIONAL}}},
        "template": {"block": {"attributes": {"id": EITHER, "name": EITHER, "hash": COMPUTED, "token": OPTIONAL}}},
        "versioning": {"block": {"deprecated": True, "attributes": {"enabled": OPTIONAL}}},
    },
}
A_KIND = Kind("thing", "aws_s3_bucket", left_out={"template[].name": "the id says it"}, kept_empty=frozenset({"rules"}))


def written(values: dict[str, Any], sensitive: dict[str, Any] | None = None) -> dict[str, Any]:
    return arguments_of(values, sensitive or {}, BLOCK, A_KIND).written


def left_out(values: dict[str, Any], sensitive: dict[str, Any] | None = None) -> dict[str, str]:
    return arguments_of(values, sensitive or {}, BLOCK, A_KIND).left_out


def a_plan(*actions: str, address: str = "aws_s3_bucket.a", **change: Any) -> dict[str, Any]:
    return {
        "resource_changes": [{"address": address, "mode": "managed", "change": {"actions": list(actions), **change}}]
    }


def test_only_what_can_be_said_is_written() -> None:
    values = {"id": "x", "arn": "arn:x", "name": "x", "tags": {"a": "b"}, "tags_all": {"a": "b"}, "timeouts": [{}]}
    assert written(values) == {"name": "x", "tags": {"a": "b"}}


@pytest.mark.parametrize("empty", [None, "", [], {}])
def test_what_is_empty_says_nothing(empty: object) -> None:
    assert written({"name": "x", "tags": empty}) == {"name": "x"}


def test_a_zero_is_written_unless_aws_decides_it() -> None:
    assert written({"name": "x", "size": 0, "count_of_it": 0}) == {"name": "x", "size": 0}


def test_a_no_is_written() -> None:
    assert written({"name": "x", "count_of_it": False}) == {"name": "x", "count_of_it": False}


def test_no_rules_are_written_as_none() -> None:
    assert written({"name": "x", "rules": []}) == {"name": "x", "rules": []}


def test_what_the_schema_calls_secret_is_never_written() -> None:
    values = {"name": "x", "password": "hunter2"}
    assert "hunter2" not in str(written(values))
    assert left_out(values) == {"password": "it is a secret, and secrets are never written"}


def test_what_the_plan_calls_secret_is_never_written() -> None:
    values = {"name": "x", "template": [{"id": "lt-1", "token": "hunter2"}]}
    assert written(values, {"template": [{"token": True}]}) == {"name": "x", "template": [{"id": "lt-1"}]}
    assert list(left_out(values, {"template": [{"token": True}]})) == ["template[].token"]


def test_what_is_deprecated_is_left_as_it_is() -> None:
    values = {"name": "x", "policy": "{}", "versioning": [{"enabled": True}]}
    assert written(values) == {"name": "x"}
    assert list(left_out(values)) == ["policy", "versioning"]


def test_inside_a_block_an_id_is_an_argument() -> None:
    values = {"name": "x", "template": [{"id": "lt-1", "name": "a", "hash": "9"}]}
    assert written(values)["template"] == [{"id": "lt-1"}]
    assert left_out(values) == {"template[].name": "the id says it"}


def test_every_kind_has_its_own_type() -> None:
    assert len({each.type for each in KINDS.values()}) == len(KINDS)


ERROR = """\
Error: Conflicting configuration arguments

  with aws_autoscaling_group.a,
  on cdk.tf.json line 1:

"launch_template.0.id": conflicts with launch_template.0.name

Error: Conflicting configuration arguments

  with aws_autoscaling_group.a,

"launch_template.0.name": conflicts with launch_template.0.id

Error: Conflicting configuration arguments

  with aws_autoscaling_group.b,

"name": conflicts with name_prefix
"""


def test_of_two_arguments_that_do_not_go_together_one_is_named() -> None:
    found = list(conflicts(ERROR, "aws_autoscaling_group.a"))
    assert found == [("launch_template.0.id", "launch_template.0.name")]


@pytest.mark.parametrize(
    ("path", "left"),
    [
        ("a", {"b": [{"c": 1, "d": 2}]}),
        ("b.0.c", {"a": 1, "b": [{"d": 2}]}),
        ("b", {"a": 1}),
        ("b.0", {"a": 1, "b": []}),
    ],
)
def test_arguments_are_left_out_wherever_they_stand(path: str, left: dict[str, Any]) -> None:
    assert without({"a": 1, "b": [{"c": 1, "d": 2}]}, path) == left


@pytest.mark.parametrize(
    ("path", "may"), [("rules", True), ("size", False), ("template.0.id", True), ("template.0.token", False)]
)
def test_only_what_aws_keeps_by_itself_may_be_left_out(path: str, *, may: bool) -> None:
    assert may_be_left_out(BLOCK, path) is may


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
def test_everything_else_is_called_by_its_name(plan: dict[str, Any], outcome: str) -> None:
    planned = import_of(plan, "aws_s3_bucket.a")
    assert planned.outcome == outcome
    assert planned.changes_nothing == (outcome == "managed")


def test_what_would_change_is_told_to_the_attribute() -> None:
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


def test_a_secret_that_would_change_is_not_shown() -> None:
    planned = import_of(
        a_plan("update", before={"a": "old"}, after={"a": "new"}, before_sensitive={"a": True}, after_sensitive={}),
        "aws_s3_bucket.a",
    )
    assert [str(each) for each in planned.changes] == ["a: (secret) -> (secret)"]


def test_what_else_the_plan_would_do_is_told() -> None:
    plan = a_plan("update", address="aws_s3_bucket.b")
    assert others(plan, {"aws_s3_bucket.a"}) == ("aws_s3_bucket.b: update",)
    assert others(plan, {"aws_s3_bucket.b"}) == ()
    assert others(a_plan("no-op"), set()) == ()
