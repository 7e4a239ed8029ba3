"""Matchers of values, and the differences that they report."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies

from mlinfra.testing import Capture, absent, any_value, contains, exactly, json_text, like
from mlinfra.testing.matchers import captures, mismatches

if TYPE_CHECKING:
    from mlinfra.testing.matchers import Matcher

FOUND = {
    "bucket": "raw",
    "versioning": {"status": "Enabled", "days": 90},
    "rule": [{"id": "a", "days": 30}, {"id": "b", "days": 60}],
    "policy": json.dumps({"Statement": [{"Effect": "Deny", "Sid": "TlsOnly"}]}),
    "nothing": None,
}


RULES = json.dumps(FOUND["rule"])


def told(expected: object) -> list[str]:
    return [str(each) for each in mismatches(expected, FOUND)]


@pytest.mark.parametrize(
    "expected",
    [
        {"bucket": "raw"},
        {"versioning": {"days": 90.0}},
        like({"rule": [{"id": "a"}, {"days": 60}]}),
        {"rule": contains({"id": "b"})},
        {"versioning": exactly({"status": "Enabled", "days": 90})},
        {"bucket": any_value(), "other": absent(), "nothing": absent()},
        {"other": None},
        {"policy": json_text({"Statement": [{"Effect": "Deny"}]})},
        {"policy": json_text({"Statement": contains({"Sid": "TlsOnly"})})},
        {"bucket": Capture()},
    ],
)
def test_values_that_match(expected: object) -> None:
    assert told(expected) == []


@pytest.mark.parametrize(
    ("expected", "difference"),
    [
        ({"bucket": "logs"}, '.bucket: expected "logs", found "raw"'),
        ({"versioning": {"days": True}}, ".versioning.days: expected true, found 90"),
        ({"versioning": {"mfa": "on"}}, '.versioning.mfa: expected "on", found no value'),
        ({"versioning": exactly({"days": 90})}, '.versioning.status: expected no value, found "Enabled"'),
        ({"rule": [{"id": "a"}]}, '.rule: expected [{"id": "a"}], found ' + RULES),
        ({"rule": [{"id": "a"}, {"id": "c"}]}, '.rule[1].id: expected "c", found "b"'),
        ({"rule": contains({"id": "c"})}, '.rule: expected an element {"id": "c"}, found ' + RULES),
        ({"bucket": contains("r")}, '.bucket: expected a list, found "raw"'),
        ({"bucket": absent()}, '.bucket: expected no value, found "raw"'),
        ({"nothing": any_value()}, ".nothing: expected any value, found null"),
        ({"bucket": json_text({})}, '.bucket: expected a text with JSON, found "raw"'),
        ({"rule": json_text({})}, ".rule: expected a text with JSON, found " + RULES),
        (
            {"policy": json_text({"Statement": [{"Effect": "Allow"}]})},
            '.policy.Statement[0].Effect: expected "Allow", found "Deny"',
        ),
        ({"other": Capture()}, ".other: expected any value, found no value"),
        ({"bucket": Capture("logs")}, '.bucket: expected "logs", found "raw"'),
        ("raw", '(the whole): expected "raw", found ' + json.dumps(FOUND)[:200] + "..."),
    ],
)  # fmt: skip
def test_values_that_differ(expected: object, difference: str) -> None:
    assert told(expected) == [difference]


def test_captured_values_at_every_depth() -> None:
    names, effects, days = Capture(), Capture(), Capture()
    expected = {
        "bucket": names,
        "policy": json_text({"Statement": contains({"Sid": "TlsOnly", "Effect": effects})}),
        "rule": [like({"days": days}), {"days": days}],
    }
    assert mismatches(expected, FOUND) == []
    for capture, value in captures(expected, FOUND):
        capture.values.append(value)
    assert (names.value, effects.value, days.values) == ("raw", "Deny", [30, 60])
    with pytest.raises(AssertionError, match=r"2 values were captured, expected one: \[30, 60\]"):
        assert days.value


_NAMES = strategies.text(max_size=3)
_JSON = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers() | _NAMES,
    lambda inner: strategies.lists(inner, max_size=3) | strategies.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(value=_JSON)
@pytest.mark.parametrize("matcher", [like, exactly, Capture])
def test_each_value_matches_itself(matcher: type[Matcher], value: Any) -> None:
    assert mismatches(value, value) == []
    if value is not None:
        assert mismatches(matcher(value), value) == []  # type: ignore[call-arg]


@given(value=strategies.dictionaries(strategies.text(max_size=3), _JSON, max_size=3))
def test_more_attributes_match_partly_and_not_exactly(value: dict[str, Any]) -> None:
    assert mismatches(like(value), {**value, "another": 1}) == []
    assert mismatches(exactly(value), {**value, "another": 1}) == mismatches(
        {"another": absent()}, {**value, "another": 1}
    )
