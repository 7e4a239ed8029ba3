"""Review of plans: runs every rule over each plan and applies recorded approvals."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from mlinfra.errors import OperationError
from mlinfra.operations.review import approvals
from mlinfra.operations.review.costs import cost
from mlinfra.operations.review.plan import read_plan
from mlinfra.operations.review.report import Report, StackReview, Touched, in_order
from mlinfra.operations.review.rules import (
    access,
    compute,
    data_loss,
    expired,
    network_access,
    protection,
    rights_given,
    serving,
    tags,
    whole_plan,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from pathlib import Path

    from mlinfra.operations.review.finding import Finding, Rule

_SUBJECTS: Final = (whole_plan, data_loss, protection, access, rights_given, network_access, compute, serving, tags)


def all_rules() -> dict[str, Rule]:
    """Every rule, by its id."""
    from mlinfra.operations.review import live

    found = [rule for module in (*_SUBJECTS, expired, live, approvals) for rule in module.RULES]
    return {rule.id: rule for rule in sorted(found, key=lambda rule: rule.id)}


def review(plans: Sequence[Path], *, root: Path, today: date, live: bool = False) -> Report:
    """Review plans.

    Args:
        plans: files that `terraform show -json` wrote, or folders with one as `plan.json`.
        root: the repository, whose `approvals/*.yaml` count.
        today: the day that approvals and expiries are compared with.
        live: whether to ask AWS, with the credentials at hand, what runs now on the clusters that would be disturbed.

    Raises:
        OperationError: where a plan cannot be read.
        DeclarationError: where an approval is malformed.
    """
    if not plans:
        message = "There is no plan to review. Give a plan.json, or a folder that holds one."
        raise OperationError(message)
    approved = approvals.read(root, all_rules())
    stacks: list[StackReview] = []
    findings: list[Finding] = []
    with _without_garbage_collection():
        for path in plans:
            # One plan at a time: a large one is let go before the next is read.
            stack, found = _of_plan(path, today, live=live)
            stacks.append(stack)
            findings += found
        names = {each.stack for each in stacks}
        return Report(tuple(stacks), in_order(approvals.apply(findings, approved, today, stacks=names)))


def _of_plan(path: Path, today: date, *, live: bool) -> tuple[StackReview, list[Finding]]:
    plan = read_plan(path)
    findings = [finding for module in _SUBJECTS for finding in module.look(plan)]
    findings += expired.look(plan, today)
    if live:
        from mlinfra.operations.review import live as now

        findings += now.look(plan, findings)
    touched = tuple(map(Touched.of, plan.changes))
    return StackReview(plan.stack, plan.source, touched, cost(plan)), findings


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Plans and findings hold no cycles; looking for some, again and again, takes half of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
