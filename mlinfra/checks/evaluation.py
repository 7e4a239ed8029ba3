"""Evaluation of checks for one stack, with its acknowledgements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mlinfra.checks.acknowledgements import acknowledgements
from mlinfra.checks.check import Check, Problem, path_of
from mlinfra.checks.failure import failure_of
from mlinfra.checks.level import Level
from mlinfra.checks.resource import Resource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from mlinfra.checks.acknowledgements import Acknowledgement
    from mlinfra.checks.check import Described, StackConfiguration
    from mlinfra.checks.resource_check import AnyCheck, ResourceCheck

FAILED: Final = Check(
    id="MLC902",
    title="A check failed, so that it checked nothing.",
    fix="Correct the check: its line is in the message.",
    # Found by the evaluation of other checks.
    find=lambda _: (),
    can_be_acknowledged=False,
)


@dataclass(frozen=True)
class CheckResult:
    """A problem of a stack."""

    check: Described
    stack: str
    problem: Problem
    level: Level
    acknowledged: Acknowledgement | None = None
    """The acknowledgement that applies to it. None: there is none, or it has expired."""
    expired: Acknowledgement | None = None
    """The expired acknowledgement that applied to it."""

    @property
    def text(self) -> str:
        """The problem with its id, and the expired acknowledgement."""
        words = f"[{self.check.id}] {self.problem}"
        if self.expired is not None:
            words += f" It was acknowledged until {self.expired.until}: {self.expired.reason}"
        return words


def evaluate(stack: StackConfiguration, checks: Sequence[AnyCheck], *, today: date) -> tuple[CheckResult, ...]:
    """The problems of a stack, in the order of the checks.

    A problem whose acknowledgement has expired is a warning at most, so that no synth begins to fail because a date has
    come. A check that fails is a problem itself.

    Args:
        stack: the stack.
        checks: the checks.
        today: the day on which acknowledgements are expired or not.
    """
    given = tuple(acknowledgements(stack.config))
    return tuple(result for check in checks for result in _results(check, stack, given=given, today=today))


def unused(
    stack: StackConfiguration, results: Iterable[CheckResult], checks: Sequence[AnyCheck]
) -> tuple[Acknowledgement, ...]:
    """The acknowledgements of a stack that apply to no problem, of those for the given checks."""
    known = {each.id for each in checks}
    used = {each.acknowledged or each.expired for each in results if each.stack == stack.name}
    return tuple(each for each in acknowledgements(stack.config) if each.check in known and each not in used)


def _results(
    check: AnyCheck, stack: StackConfiguration, *, given: Sequence[Acknowledgement], today: date
) -> Iterator[CheckResult]:
    if not isinstance(check, Check):
        yield from _of_resources(check, stack, given=given, today=today)
        return
    try:
        problems = tuple(check.find(stack))
        if not all(isinstance(each, Problem) for each in problems):
            message = "it returned a value that is not a Problem"
            raise TypeError(message)  # noqa: TRY301  reported as any other error of the check
    except (Exception, SystemExit) as error:  # noqa: BLE001  any mistake in a check of the project
        yield _failure(stack, Problem(f"{check.id} failed: {failure_of(error)}."))
        return
    for problem in problems:
        yield _result(check, stack, problem, given=given, today=today)


def _of_resources(
    check: ResourceCheck, stack: StackConfiguration, *, given: Sequence[Acknowledgement], today: date
) -> Iterator[CheckResult]:
    for type_name in check.types:
        for name, body in stack.config.get("resource", {}).get(type_name, {}).items():
            address, path = f"{type_name}.{name}", path_of(body)
            assessment = check.assess(Resource(address, type_name, body, references=True))
            for text in assessment.problems:
                yield _result(check, stack, Problem(f"{address}: {text}", path), given=given, today=today)
            if assessment.failure:
                yield _failure(stack, Problem(assessment.failure, path))
            if assessment.undecided:
                text = f"{address} is checked in the review of its plan: {assessment.undecided}."
                yield CheckResult(check, stack.name, Problem(text, path), Level.NOTE)


def _failure(stack: StackConfiguration, problem: Problem) -> CheckResult:
    return CheckResult(FAILED, stack.name, problem, FAILED.level)


def _result(
    check: Described, stack: StackConfiguration, problem: Problem, *, given: Sequence[Acknowledgement], today: date
) -> CheckResult:
    covering = [each for each in given if check.can_be_acknowledged and each.covers(check.id, problem.path)]
    valid = next((each for each in covering if not each.is_expired(today)), None)
    if valid is not None:
        return CheckResult(check, stack.name, problem, check.level, acknowledged=valid)
    if covering:
        level = Level.WARNING if check.level is Level.HOLD else check.level
        return CheckResult(check, stack.name, problem, level, expired=covering[-1])
    return CheckResult(check, stack.name, problem, check.level)
