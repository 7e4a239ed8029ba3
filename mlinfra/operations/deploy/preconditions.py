"""Preconditions of an apply: the plan's files, its commit, and its review."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlinfra.command import own_command
from mlinfra.errors import OperationError
from mlinfra.functions.counting import counted
from mlinfra.operations.deploy.local_apply import require_no_local_apply, state_of
from mlinfra.operations.deploy.saved_plan import (
    PLANS_FOLDER,
    SavedPlan,
    created_resources,
    unrecorded_resources_advice,
    unsaved_state_message,
)
from mlinfra.operations.review import APPROVALS_FOLDER
from mlinfra.operations.terraform import abbreviated

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from mlinfra.operations.deploy.saved_plan import About
    from mlinfra.operations.review import Report
    from mlinfra.operations.terraform import Repository


ReviewPlans = Callable[..., "Report"]
"""`mlinfra.operations.review.review`."""


class ReviewHeldError(OperationError):
    """The review holds findings that are not approved."""

    exit_code = 3
    """The same as that of a held `mlinfra review`."""


@dataclass(frozen=True)
class CheckedPlan:
    """A plan whose files and commit were checked."""

    saved: SavedPlan
    about: About


def checked_plans(
    paths: Sequence[Path], repository: Repository, *, root: Path, allow_dirty: bool
) -> tuple[CheckedPlan, ...]:
    """The plans in `paths`, each after its dependencies, after a check that they were made from this checkout.

    Raises:
        OperationError: if a plan is incomplete, was modified, was applied before, was made from another commit than the
            one that is checked out, or from uncommitted changes without `allow_dirty`.
    """
    plans = [CheckedPlan(saved, saved.read()) for saved in dict.fromkeys(SavedPlan.at(path) for path in paths)]
    head = repository.head()
    for each in plans:
        _require_unused(each)
        _require_commit(each.about, head, repository)
        if each.about.dirty and not allow_dirty:
            raise OperationError(_dirty(each.about, repository.uncommitted(ignoring=root / PLANS_FOLDER)))
    if not allow_dirty:
        require_committed(repository, root)
    return _in_order(plans)


def require_committed(repository: Repository, root: Path) -> None:
    """Check that there is a commit, and no uncommitted changes.

    Raises:
        OperationError: if there is none, or if there are changes.
    """
    if repository.head() is None:
        message = (
            "The project has no commit, so the applied code could not be determined later. Nothing was applied. Commit "
            "it (git init, git add, git commit), or use --allow-dirty, which is recorded."
        )
        raise OperationError(message)
    uncommitted = repository.uncommitted(ignoring=root / PLANS_FOLDER)
    if uncommitted:
        message = (
            f"The checkout has uncommitted changes ({abbreviated(uncommitted)}), and approvals and environments are "
            f"read from it. Nothing was applied. Commit or stash the changes, or use --allow-dirty."
        )
        raise OperationError(message)


def require_approved_review(
    documents: Sequence[Path], review: ReviewPlans, *, root: Path, today: date, live: bool
) -> None:
    """Review plans, given as JSON.

    Raises:
        ReviewHeldError: if a finding requires an approval that is not recorded.
    """
    require_approved(review(documents, root=root, today=today, live=live))


def require_approved(report: Report) -> None:
    """Check that no finding of a review is held.

    Raises:
        ReviewHeldError: if a finding requires an approval that is not recorded.
    """
    if report.exit_code == 0:
        return
    held = [f"{each.id} {each.digest}  {each.stack}  {each.address}: {each.text} {each.fix}" for each in report.held]
    rejected = [f"{each.id}  {each.stack}  {each.text} {each.fix}" for each in report.rejected_approvals]
    count = len(report.held)
    message = (
        f"The review holds {counted(count, 'finding')} without an approval. Nothing was applied. Fix "
        f"the findings and plan again, or let another person approve each of them: {own_command()} approve DIGEST"
    )
    raise ReviewHeldError(message, details="\n".join([*held, *rejected]))


def _require_unused(plan: CheckedPlan) -> None:
    saved, stack = plan.saved, plan.about.stack
    require_no_local_apply(stack, state_of(saved.stack))
    if saved.errored_state.exists():
        raise OperationError(unsaved_state_message(saved))
    attempt = saved.attempt()
    if attempt is None or attempt.outcome == "applied":
        return
    outcome = {
        "unknown": "was killed or interrupted before it completed",
        "failed": "failed before it completed",
        "recorded": "was completed",
    }[attempt.outcome]
    message = (
        f"This plan of {stack} was applied before: an apply by {attempt.who} at {attempt.begun:%Y-%m-%d %H:%M:%S} UTC "
        f"{outcome}. Nothing was applied now. Plan again, which shows the remaining changes: "
        f"{own_command()} plan {stack}"
    )
    if attempt.outcome == "unknown":
        message += f". {unrecorded_resources_advice(saved)}"
        raise OperationError(message, details=created_resources(saved))
    raise OperationError(message)


def _require_commit(about: About, head: str | None, repository: Repository) -> None:
    # An approval is committed after the plan was made. It changes nothing that a plan is made from.
    if about.commit != head and (
        not about.commit or not head or repository.differs(about.commit, head, outside=APPROVALS_FOLDER)
    ):
        checked_out = f"{head[:12]} is checked out" if head else "no commit is checked out"
        message = (
            f"The plan of {about.stack} was made from commit {(about.commit or 'none')[:12]}, and {checked_out}. "
            f"Nothing was applied. Check out that commit, or plan this one: {own_command()} plan {about.stack}"
        )
        raise OperationError(message)


def _dirty(about: About, uncommitted: tuple[str, ...]) -> str:
    """The message about a plan that was not made from a commit, with the files that are not committed now."""
    source = "uncommitted changes" if about.commit else "a folder without a commit"
    remedy = "Commit and plan again, or use --allow-dirty, which is recorded."
    if about.commit and uncommitted:
        remedy = (
            f"Not committed now: {abbreviated(uncommitted)}. Commit these files, or name generated ones in .gitignore. "
            f"Then plan again. Or use --allow-dirty, which is recorded."
        )
    return (
        f"The plan of {about.stack} was made from {source}, so the applied code could not be determined later. Nothing "
        f"was applied. {remedy}"
    )


def _in_order(plans: Sequence[CheckedPlan]) -> tuple[CheckedPlan, ...]:
    """Each plan after its dependencies, otherwise in the given order."""
    by_stack = {each.about.stack: each for each in plans}
    ordered: dict[str, CheckedPlan] = {}

    def add(plan: CheckedPlan) -> None:
        for name in plan.about.dependencies:
            if name in by_stack:
                add(by_stack[name])
        ordered.setdefault(plan.about.stack, plan)

    for each in by_stack.values():
        add(each)
    return tuple(ordered.values())
