"""Approvals of findings: which of them count, and which are reported as expired, unused or invalid."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from mlinfra.operations.review.escaping import quoted
from mlinfra.operations.review.finding import Finding, Level, Rule

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from datetime import date

    from mlinfra.operations.review.approval_files import Approval
    from mlinfra.operations.review.authorship import Authorship

EXPIRED: Final = Rule(
    "MLR901",
    Level.WARNING,
    "The approval of a held finding has expired.",
    "Check that the change is still intended, and approve it again.",
)
UNUSED: Final = Rule(
    "MLR902",
    Level.NOTE,
    "An approval matches no finding in these plans.",
    "Remove the approval once its change has been applied.",
)
INVALID: Final = Rule(
    "MLR903",
    Level.WARNING,
    "An approval does not count: its approver is an author of the change, or did not commit it.",
    "Let another person approve it with `mlinfra approve`, in a commit of their own that is merged without squashing.",
)
CHANGED: Final = Rule(
    "MLR904",
    Level.WARNING,
    "A finding differs from the one that was approved at its address.",
    "Check the new text of the finding, and approve it if it is intended.",
)
RULES: Final = (EXPIRED, UNUSED, INVALID, CHANGED)
REJECTED: Final = frozenset(each.id for each in (EXPIRED, INVALID, CHANGED))
"""The rules about approvals that do not count, although their finding is held."""


def apply(
    findings: Sequence[Finding],
    approvals: Iterable[Approval],
    today: date,
    *,
    stacks: Collection[str],
    authorship: Authorship,
    self_approved: Sequence[str] = (),
) -> list[Finding]:
    """Apply approvals to findings, and report approvals that are invalid, expired or unused.

    Args:
        findings: the findings of all plans.
        approvals: the recorded approvals.
        today: the date for their expiry.
        stacks: the reviewed stacks. Approvals for other stacks are skipped.
        authorship: the authors of the change and of the approvals.
        self_approved: patterns of stacks whose changes their authors may approve.

    Raises:
        OperationError: if the clone does not contain the history that is needed.
    """
    positions: dict[tuple[str, str, str], list[int]] = {}
    for position, finding in enumerate(findings):
        positions.setdefault((finding.id, finding.stack, finding.address), []).append(position)
    result = list(findings)
    reported: list[Finding] = []
    for each in approvals:
        if each.stack not in stacks:
            continue
        near = positions.get((each.finding, each.stack, each.address), ())
        matching = [at for at in near if findings[at].digest == each.digest]
        if not matching:
            rule = CHANGED if near else UNUSED
            reported.append(rule.at(each.stack, each.address, f"{_name(each)} matches no finding in these plans."))
            continue
        if each.until < today:
            reported.append(EXPIRED.at(each.stack, each.address, f"{_name(each)} expired on {each.until}."))
            continue
        is_free = any(fnmatchcase(each.stack, pattern) for pattern in self_approved)
        problem = None if is_free else authorship.problem(each)
        if problem:
            reported.append(INVALID.at(each.stack, each.address, f"{_name(each)} does not count: {problem}."))
            continue
        for at in matching:
            result[at] = replace(result[at], approved_by=f"{each.who}, until {each.until}: {each.reason}")
    return [*result, *reported]


def _name(approval: Approval) -> str:
    finding = quoted(f"{approval.finding} {approval.digest}")
    return (
        f"The approval of {finding} for {quoted(approval.address)} by {quoted(approval.who)} in {quoted(approval.file)}"
    )
