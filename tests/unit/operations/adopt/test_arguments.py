"""From what AWS has to arguments, and from a plan to what it would change."""

from __future__ import annotations

from typing import Any

import pytest

from mlinfra.operations.adopt.arguments import arguments_of, conflicts, is_kept_if_unset, without
from mlinfra.operations.adopt.kinds import KINDS, Kind

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


def test_only_arguments_are_recorded() -> None:
    values = {"id": "x", "arn": "arn:x", "name": "x", "tags": {"a": "b"}, "tags_all": {"a": "b"}, "timeouts": [{}]}
    assert written(values) == {"name": "x", "tags": {"a": "b"}}


@pytest.mark.parametrize("empty", [None, "", [], {}])
def test_empty_values_are_not_recorded(empty: object) -> None:
    assert written({"name": "x", "tags": empty}) == {"name": "x"}


def test_a_zero_is_recorded_unless_aws_determines_it() -> None:
    assert written({"name": "x", "size": 0, "count_of_it": 0}) == {"name": "x", "size": 0}


def test_false_is_recorded() -> None:
    assert written({"name": "x", "count_of_it": False}) == {"name": "x", "count_of_it": False}


def test_an_empty_list_of_rules_is_recorded() -> None:
    assert written({"name": "x", "rules": []}) == {"name": "x", "rules": []}


def test_values_that_are_sensitive_in_the_schema_are_never_recorded() -> None:
    values = {"name": "x", "password": "hunter2"}
    assert "hunter2" not in str(written(values))
    assert left_out(values) == {"password": "the value is sensitive, and sensitive values are never recorded"}


def test_values_that_are_sensitive_in_the_plan_are_never_recorded() -> None:
    values = {"name": "x", "template": [{"id": "lt-1", "token": "hunter2"}]}
    assert written(values, {"template": [{"token": True}]}) == {"name": "x", "template": [{"id": "lt-1"}]}
    assert list(left_out(values, {"template": [{"token": True}]})) == ["template[].token"]


def test_deprecated_arguments_are_left_out() -> None:
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


def test_of_two_conflicting_arguments_one_is_returned() -> None:
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
def test_nested_arguments_are_left_out(path: str, left: dict[str, Any]) -> None:
    assert without({"a": 1, "b": [{"c": 1, "d": 2}]}, path) == left


@pytest.mark.parametrize(
    ("path", "may"), [("rules", True), ("size", False), ("template.0.id", True), ("template.0.token", False)]
)
def test_optional_and_computed_arguments_are_kept_if_unset(path: str, *, may: bool) -> None:
    assert is_kept_if_unset(BLOCK, path) is may
