"""Checks of single resources."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from mlinfra.checks import Level, Resource, ResourceCheck
from mlinfra.checks.resource_check import Assessment

BUCKET = Resource("aws_s3_bucket.x", "aws_s3_bucket", {"bucket": "x"})


def a_check(find: Any = lambda _: None, **changes: Any) -> ResourceCheck:
    values = {"id": "ACME001", "title": "t", "fix": "f", "types": ("aws_s3_bucket",), "find": find} | changes
    return ResourceCheck(**values)


@pytest.mark.parametrize(
    ("found", "problems"),
    [(None, ()), ("It is open.", ("It is open.",)), (["One.", "Two."], ("One.", "Two.")), ([], ())],
)
def test_a_check_finds_one_problem_or_several_or_none(found: object, problems: tuple[str, ...]) -> None:
    assert a_check(lambda _: found).assess(BUCKET) == Assessment(problems)


def test_a_check_may_yield() -> None:
    assert a_check(lambda each: (f"{name}." for name in each.all("bucket"))).assess(BUCKET).problems == ("x.",)


@pytest.mark.parametrize("found", [True, 1, "", [""], [1], {"a": "b"}, b"bytes"])
def test_another_result_is_a_failure_and_never_a_pass(found: object) -> None:
    failure = a_check(lambda _: found).assess(BUCKET).failure
    assert failure.startswith("ACME001 failed for aws_s3_bucket.x: it returned ")
    assert failure.endswith("Expected: a sentence, several of them, or None.")


def test_an_error_is_a_failure_with_its_line() -> None:
    failure = a_check(lambda each: each.get("bucket")["name"]).assess(BUCKET).failure
    assert failure.startswith("ACME001 failed for aws_s3_bucket.x: TypeError: string indices must be integers")
    assert "(test_resource_check.py, line " in failure


def test_a_check_that_ends_the_program_is_a_failure() -> None:
    assert "SystemExit: 0" in a_check(lambda _: sys.exit(0)).assess(BUCKET).failure


def test_a_value_that_cannot_be_read_leaves_the_check_undecided() -> None:
    unknown = Resource("aws_s3_bucket.x", "aws_s3_bucket", {}, unknown={"bucket": True})
    assessment = a_check(lambda each: "No name." if not each.get("bucket") else None).assess(unknown)
    assert assessment == Assessment(undecided="bucket is known after apply")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": "acme"}, "'acme' is not a valid id of a check"),
        (
            {"level": "hold"},
            "The level of the check ACME001 is 'hold'. Expected: one of Level.NOTE, Level.WARNING, Lev",
        ),
        ({"title": " "}, "The title of the check ACME001 is ' '. Expected: a sentence."),
        ({"fix": None}, "The fix of the check ACME001 is None. Expected: a sentence."),
        ({"types": "aws_instance"}, "The types of the check ACME001 are 'aws_instance'. Expected: a tuple of types"),
        ({"types": ()}, r"The types of the check ACME001 are \(\)"),
    ],
)
def test_an_invalid_declaration_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        a_check(**changes)


def test_a_check_holds_by_default() -> None:
    assert a_check().level is Level.HOLD
