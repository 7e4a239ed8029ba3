"""Evaluation of checks with acknowledgements."""

from __future__ import annotations

from datetime import date
from typing import Any

from mlinfra.checks import Check, CheckLevel, Problem, StackConfiguration
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
    assert (result.level, result.text, result.acknowledged) == (CheckLevel.ERROR, "[ACME001] It is wrong.", None)


def test_an_acknowledged_problem_keeps_its_reason() -> None:
    (result,) = evaluate(stack(until="2026-11-30"), [CHECK], today=DAY)
    assert result.acknowledged is not None
    assert result.acknowledged.reason == "It is intended."


def test_an_error_with_an_expired_acknowledgement_is_a_warning() -> None:
    (result,) = evaluate(stack(until="2026-11-29"), [CHECK], today=DAY)
    assert (result.level, result.acknowledged) == (CheckLevel.WARNING, None)
    assert result.text == "[ACME001] It is wrong. It was acknowledged until 2026-11-29: It is intended."


def test_a_check_that_cannot_be_acknowledged_ignores_acknowledgements() -> None:
    (result,) = evaluate(stack(check="ACME002"), [STRICT], today=DAY)
    assert (result.level, result.acknowledged, result.expired) == (CheckLevel.ERROR, None, None)


def test_an_acknowledgement_that_applies_to_nothing_is_unused() -> None:
    assert unused(stack(), evaluate(stack(), [CHECK], today=DAY), [CHECK]) == ()
    other = stack(path="dev-test/two")
    (needless,) = unused(other, evaluate(other, [CHECK], today=DAY), [CHECK])
    assert needless.path == "dev-test/two"


def test_acknowledgements_of_checks_that_do_not_run_are_not_unused() -> None:
    assert unused(stack(check="CKV_AWS_18"), (), [CHECK]) == ()
