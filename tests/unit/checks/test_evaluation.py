"""Evaluation of checks with acknowledgements."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from mlinfra.checks import Check, Level, Problem, ResourceCheck, StackConfiguration
from mlinfra.checks.evaluation import evaluate, unused

CHECK = Check(id="ACME001", title="t", fix="f", find=lambda _: (Problem("It is wrong.", "dev-test/one/role"),))
STRICT = Check(id="ACME002", title="t", fix="f", find=CHECK.find, can_be_acknowledged=False)
DAY = date(2026, 11, 30)


def stack(**given: str) -> StackConfiguration:
    entry = {"check": "ACME001", "path": "dev-test/one", "reason": "It is intended."} | given
    metadata: dict[str, Any] = {"mlinfra": {"acknowledged": [entry]}} if given or entry else {}
    return StackConfiguration("dev-test", {"//": metadata})


def test_a_problem_has_the_level_of_its_check() -> None:
    (result,) = evaluate(StackConfiguration("dev-test", {}), [CHECK], today=DAY)
    assert (result.level, result.text, result.acknowledged) == (Level.HOLD, "[ACME001] It is wrong.", None)


def test_an_acknowledged_problem_keeps_its_reason() -> None:
    (result,) = evaluate(stack(until="2026-11-30"), [CHECK], today=DAY)
    assert result.acknowledged is not None
    assert result.acknowledged.reason == "It is intended."


def test_an_error_with_an_expired_acknowledgement_is_a_warning() -> None:
    (result,) = evaluate(stack(until="2026-11-29"), [CHECK], today=DAY)
    assert (result.level, result.acknowledged) == (Level.WARNING, None)
    assert result.text == "[ACME001] It is wrong. It was acknowledged until 2026-11-29: It is intended."


def test_a_check_that_cannot_be_acknowledged_ignores_acknowledgements() -> None:
    (result,) = evaluate(stack(check="ACME002"), [STRICT], today=DAY)
    assert (result.level, result.acknowledged, result.expired) == (Level.HOLD, None, None)


def test_an_acknowledgement_that_applies_to_nothing_is_unused() -> None:
    assert unused(stack(), evaluate(stack(), [CHECK], today=DAY), [CHECK]) == ()
    other = stack(path="dev-test/two")
    (needless,) = unused(other, evaluate(other, [CHECK], today=DAY), [CHECK])
    assert needless.path == "dev-test/two"


def test_acknowledgements_of_checks_that_do_not_run_are_not_unused() -> None:
    assert unused(stack(check="CKV_AWS_18"), (), [CHECK]) == ()


def declared(**resources: dict[str, Any]) -> StackConfiguration:
    """A stack with buckets, whose constructs are at `dev-test/NAME`."""
    buckets = {name: {**body, "//": {"metadata": {"path": f"dev-test/{name}"}}} for name, body in resources.items()}
    entry = {"check": "ACME003", "path": "dev-test/accepted", "reason": "It is intended."}
    config = {"//": {"mlinfra": {"acknowledged": [entry]}}, "resource": {"aws_s3_bucket": buckets}}
    return StackConfiguration("dev-test", config)


NAMED = ResourceCheck(
    id="ACME003",
    title="t",
    fix="f",
    types=("aws_s3_bucket",),
    find=lambda each: None if each.get("bucket") else "it has no name.",
)


def test_a_check_of_resources_is_applied_to_each_of_its_types() -> None:
    stack = declared(a={"bucket": "a"}, b={}, accepted={})
    open_, accepted = evaluate(stack, [NAMED], today=DAY)
    assert (open_.text, open_.problem.path) == ("[ACME003] aws_s3_bucket.b: it has no name.", "dev-test/b")
    assert (open_.level, open_.acknowledged) == (Level.HOLD, None)
    assert accepted.acknowledged is not None


def test_what_a_reference_hides_is_a_note_and_left_to_the_review() -> None:
    (result,) = evaluate(declared(a={"bucket": "${aws_ssm_parameter.name.value}"}), [NAMED], today=DAY)
    assert result.level is Level.NOTE
    assert result.text == "[ACME003] aws_s3_bucket.a is checked in the review of its plan: bucket is a reference."


def test_a_check_that_fails_is_held_and_cannot_be_acknowledged() -> None:
    broken = ResourceCheck(id="ACME003", title="t", fix="f", types=NAMED.types, find=lambda each: each.get("bucket")[0])
    (result,) = evaluate(declared(accepted={}), [broken], today=DAY)
    assert (result.check.id, result.level, result.acknowledged) == ("MLC902", Level.HOLD, None)
    assert result.text.startswith("[MLC902] ACME003 failed for aws_s3_bucket.accepted: TypeError: 'NoneType' object")


@pytest.mark.parametrize(
    ("find", "message"),
    [
        (lambda _: [1 / 0], "ZeroDivisionError: division by zero"),
        (lambda _: ["text"], "TypeError: it returned a value that is not a Problem"),
        (lambda _: None, "TypeError: 'NoneType' object is not iterable"),
    ],
)
def test_a_check_of_stacks_that_fails_is_held(find: Any, message: str) -> None:
    broken = Check(id="ACME004", title="t", fix="f", find=find)
    (result,) = evaluate(declared(), [broken], today=DAY)
    assert (result.check.id, result.level) == ("MLC902", Level.HOLD)
    assert result.text.startswith(f"[MLC902] ACME004 failed: {message} (")
