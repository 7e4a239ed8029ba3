"""Review of plans: runs every rule over each plan and applies recorded approvals."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mlinfra.errors import OperationError
from mlinfra.operations.cost import Comparison, together
from mlinfra.operations.review import approval_files, approvals, own_checks, subjects
from mlinfra.operations.review.authorship import Authorship
from mlinfra.operations.review.costs import cost
from mlinfra.operations.review.own_checks import OwnChecks
from mlinfra.operations.review.plan import read_plan
from mlinfra.operations.review.report import Report, ResourceChange, StackReview, in_order
from mlinfra.operations.review.rule_modules import MODULES, PLAN_RULES
from mlinfra.operations.review.rules import expired, live_activity, money
from mlinfra.operations.review.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date
    from pathlib import Path

    from mlinfra.declarations import Environment
    from mlinfra.operations.review.approval_files import Approval
    from mlinfra.operations.review.finding import Finding, Rule


def all_rules() -> dict[str, Rule]:
    """All rules of mlinfra by id."""
    # The module of the rules, not that of the check, which imports boto3.
    found = [rule for module in (*MODULES, live_activity, approvals, own_checks) for rule in module.RULES]
    return {rule.id: rule for rule in sorted(found, key=lambda rule: rule.id)}


def approvals_in(root: Path, today: date) -> tuple[Approval, ...]:
    """All approvals that the files `approvals/*.yaml` of a repository record, expired ones included.

    Args:
        root: the repository.
        today: the date from which the longest time of an approval counts.

    Raises:
        DeclarationError: if an approval is invalid.
    """
    return approval_files.read(root, {**all_rules(), **OwnChecks.read(root).rules}, today)


def review(
    plans: Sequence[Path],
    *,
    root: Path,
    today: date,
    live: bool = False,
    base: str | None = None,
    checks: Path | None = None,
) -> Report:
    """Review plans.

    Args:
        plans: files written by `terraform show -json`, or folders with such a file called `plan.json`.
        root: the repository with `approvals/*.yaml`.
        today: the date for the expiry of approvals and experiments.
        live: True to check in AWS, with the current credentials, whether jobs run on the affected clusters.
        base: the commit before the change, whose authors cannot approve it. Default: where the branch left the default
            branch; on the default branch, the commit before its last change.
        checks: a file with the project's own checks. Default: `mlinfra_checks.py` of the default branch.

    Raises:
        OperationError: if a plan cannot be read, or an approval cannot be checked in a clone without history.
        DeclarationError: if an approval, `approvals/settings.yaml` or a check of the project is invalid.
    """
    if not plans:
        message = "No plan was given. Expected: a plan.json, or a folder with one."
        raise OperationError(message)
    own = OwnChecks.read(root, checks)
    approved = approval_files.read(root, {**all_rules(), **own.rules}, today)
    settings = read_settings(root)
    authorship = Authorship(root, approval_files.FOLDER, base=base)
    stacks: list[StackReview] = []
    findings: list[Finding] = []
    with _without_garbage_collection():
        for path in plans:
            # One plan at a time, to limit memory: each is released before the next is read.
            stack, found = _of_plan(path, today, settings.limits, own, live=live)
            stacks.append(stack)
            findings += found
        findings += own.report_edit([each.stack for each in stacks])
        names = {each.stack for each in stacks}
        findings = approvals.apply(
            findings, approved, today, stacks=names, authorship=authorship, self_approved=settings.self_approval
        )
        return Report(tuple(stacks), in_order(findings))


def cost_of(plans: Sequence[Path], today: date, *, declared: Sequence[Environment] = ()) -> Comparison:
    """The estimated costs of plans before and after.

    Args:
        plans: files written by `terraform show -json`, or folders with such a file called `plan.json`.
        today: the first day of the estimated month.
        declared: environments, for the assumptions and agreed prices of their stacks. Default: none, the default
            assumptions and list prices, as in a review.

    Raises:
        OperationError: if a plan cannot be read.
    """
    found = []
    for path in plans:
        plan = read_plan(path)
        of_stack = [each for each in declared if plan.stack.startswith(f"{each.name}-")]
        environment = max(of_stack, key=lambda each: len(each.name), default=None)
        found.append(cost(plan, today, environment).comparison)
    return Comparison(together(each.before for each in found), together(each.after for each in found))


def _of_plan(
    path: Path, today: date, limits: money.Limits, own: OwnChecks, *, live: bool
) -> tuple[StackReview, list[Finding]]:
    plan = read_plan(path)
    findings = [finding for module in PLAN_RULES for finding in module.check(plan)]
    findings += expired.check(plan, today)
    total = cost(plan, today)
    findings += money.check(plan, total, limits)
    findings += own.check(plan, path if path.is_dir() else path.parent, today)
    if live:
        from mlinfra.operations.review import live as activity

        findings += activity.check(plan, findings)
    changes = tuple(map(ResourceChange.of, plan.changes))
    return StackReview(plan.stack, plan.source, changes, total, subjects.of(plan, today, total)), findings


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Disable garbage collection: plans and findings have no cycles, and searching for them takes half of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
