"""Evaluation of checks for one stack, with its acknowledgements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlinfra.checks.acknowledgements import acknowledgements
from mlinfra.checks.check import CheckLevel, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from mlinfra.checks.acknowledgements import Acknowledgement
    from mlinfra.checks.check import Check, StackConfiguration


@dataclass(frozen=True)
class CheckResult:
    """A problem of a stack."""

    check: Check
    stack: str
    problem: Problem
    level: CheckLevel
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


def evaluate(stack: StackConfiguration, checks: Sequence[Check], *, today: date) -> tuple[CheckResult, ...]:
    """The problems of a stack, in the order of the checks.

    An error whose acknowledgement has expired is a warning, so that no synth begins to fail because a date has come.

    Args:
        stack: the stack.
        checks: the checks.
        today: the day on which acknowledgements are expired or not.
    """
    given = tuple(acknowledgements(stack.config))
    return tuple(
        result for check in checks for result in _results(check, stack, check.find(stack), given=given, today=today)
    )


def unused(
    stack: StackConfiguration, results: Iterable[CheckResult], checks: Sequence[Check]
) -> tuple[Acknowledgement, ...]:
    """The acknowledgements of a stack that apply to no problem, of those for the given checks."""
    known = {each.id for each in checks}
    used = {each.acknowledged or each.expired for each in results if each.stack == stack.name}
    return tuple(each for each in acknowledgements(stack.config) if each.check in known and each not in used)


def _results(
    check: Check,
    stack: StackConfiguration,
    problems: Iterable[Problem],
    *,
    given: Sequence[Acknowledgement],
    today: date,
) -> Iterator[CheckResult]:
    for problem in problems:
        covering = [each for each in given if check.can_be_acknowledged and each.covers(check.id, problem.path)]
        valid = next((each for each in covering if not each.is_expired(today)), None)
        if valid is not None:
            yield CheckResult(check, stack.name, problem, check.level, acknowledged=valid)
        elif covering:
            yield CheckResult(check, stack.name, problem, CheckLevel.WARNING, expired=covering[-1])
        else:
            yield CheckResult(check, stack.name, problem, check.level)
