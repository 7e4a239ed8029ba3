"""Removal of unmanaged parts of resources, which no plan removes: policies, rules, routes and statements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from mlinfra.errors import OperationError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mlinfra.operations.aws import AwsAccount
    from mlinfra.operations.drift.report import Difference, Report


@dataclass(frozen=True)
class Reverted:
    """The result of a removal."""

    removed: tuple[Difference, ...]
    failed: tuple[tuple[Difference, str], ...]
    """Parts that AWS did not remove, each with its error."""
    remaining: tuple[Difference, ...]
    """Drift that an apply reverts."""


def revert(
    report: Report, account: AwsAccount, *, is_complete: bool, confirm: Callable[[Sequence[Difference]], bool]
) -> Reverted:
    """Remove the unmanaged parts of a report. Ignored ones are kept.

    A part is unmanaged if no checked stack manages it, so all stacks must have been checked.

    Args:
        report: the drift of an environment.
        account: its account.
        is_complete: True if all stacks of the environment were checked.
        confirm: receives the parts to remove. False: nothing is removed.

    Raises:
        OperationError: if not all stacks were checked, or a check failed.
    """
    if not is_complete:
        message = (
            f"Nothing was reverted: a part that another stack of {report.environment} manages would be removed. Check "
            f"all stacks: leave out the names of stacks."
        )
        raise OperationError(message)
    if report.problems:
        names = ", ".join(sorted({name for name, _ in report.problems}))
        message = f"Nothing was reverted, because checks failed in {names}."
        raise OperationError(message, details="\n".join(problem for _, problem in report.problems))
    parts = [each for each in report.drift if each.removal]
    remaining = tuple(each for each in report.drift if not each.removal)
    removed: list[Difference] = []
    failed: list[tuple[Difference, str]] = []
    if parts and confirm(parts):
        for each in parts:
            assert each.removal is not None  # noqa: S101  selected above
            request = getattr(account.client(each.removal.service), each.removal.operation)
            try:
                request(**each.removal.parameters)
            except ClientError as error:
                failed.append((each, str(error)))
            else:
                removed.append(each)
    return Reverted(tuple(removed), tuple(failed), remaining)
