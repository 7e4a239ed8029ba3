"""What has to be in order before a plan is applied: its files, its commit, and its review."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mlinfra.command import own_command
from mlinfra.errors import OperationError
from mlinfra.operations.deploy.saved_plan import PLANS_FOLDER, SavedPlan, unsaved_state
from mlinfra.operations.deploy.state_lock import expect_nobody_here, state_of
from mlinfra.operations.terraform import in_short

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from mlinfra.operations.deploy.saved_plan import About
    from mlinfra.operations.terraform import Repository


class Finding(Protocol):
    """Something that a review has found."""

    @property
    def id(self) -> str:
        """The rule that found it."""

    @property
    def stack(self) -> str:
        """Whose plan."""

    @property
    def address(self) -> str:
        """What it is about, as Terraform calls it."""

    @property
    def text(self) -> str:
        """What is wrong."""

    @property
    def fix(self) -> str:
        """What to do about it."""


class Report(Protocol):
    """What a review came to."""

    @property
    def held(self) -> Sequence[Finding]:
        """What needs an approval and has none."""

    @property
    def exit_code(self) -> int:
        """0 where nothing is held."""


class Review(Protocol):
    """Reads plans, as `mlinfra.operations.review` does."""

    def __call__(self, plans: Sequence[Path], *, root: Path, today: date, live: bool = False) -> Report:
        """The report about the plans, which are `plan.json` files."""


@dataclass(frozen=True)
class ReadyPlan:
    """A plan that may be applied."""

    saved: SavedPlan
    about: About


def ready(paths: Sequence[Path], repository: Repository, *, root: Path, allow_dirty: bool) -> tuple[ReadyPlan, ...]:
    """The plans in `paths`, each after those that it depends on, once they turn out to be of this checkout.

    Raises:
        OperationError: where one is not whole, not as it was made, used already, of another commit than the
            one that is checked out, or of uncommitted changes without `allow_dirty`.
    """
    plans = [ReadyPlan(saved, saved.read()) for saved in dict.fromkeys(SavedPlan.at(path) for path in paths)]
    head = repository.head()
    for each in plans:
        _expect_unused(each)
        _expect_commit(each.about, head, allow_dirty=allow_dirty)
    uncommitted = repository.uncommitted(besides=root / PLANS_FOLDER)
    if uncommitted and not allow_dirty:
        message = (
            f"There are uncommitted changes here ({in_short(uncommitted)}), and approvals and environments are read "
            f"from this checkout. Nothing was applied. Commit or stash them, or say --allow-dirty."
        )
        raise OperationError(message)
    return _in_order(plans)


def expect_clean_review(plans: Sequence[ReadyPlan], review: Review, *, root: Path, today: date, live: bool) -> None:
    """Have the plans reviewed.

    Raises:
        OperationError: where something is held.
    """
    report = review([each.saved.document for each in plans], root=root, today=today, live=live)
    if report.exit_code == 0:
        return
    held = "\n".join(f"{each.id}  {each.stack}  {each.address}: {each.text} {each.fix}" for each in report.held)
    message = (
        f"The review holds {len(report.held)} finding{'s' if len(report.held) != 1 else ''} that nobody has approved. "
        f"Nothing was applied. Mend them and plan anew, or have each approved in approvals/*.yaml"
    )
    raise OperationError(message, details=held)


def _expect_unused(plan: ReadyPlan) -> None:
    saved, stack = plan.saved, plan.about.stack
    expect_nobody_here(stack, state_of(saved.stack))
    if saved.errored_state.exists():
        raise OperationError(unsaved_state(saved))
    attempt = saved.attempt()
    if attempt is None or attempt.outcome == "applied":
        return
    came_to = {
        "unknown": "was killed or interrupted before it came to its end",
        "failed": "failed on the way",
        "recorded": "came to its end",
    }[attempt.outcome]
    message = (
        f"This plan of {stack} was used already: an apply by {attempt.who} at {attempt.begun:%Y-%m-%d %H:%M:%S} UTC "
        f"{came_to}. Nothing was applied now. Plan anew, which shows what is left to do: "
        f"{own_command()} plan {stack}"
    )
    if attempt.outcome == "unknown":
        message += (
            f". What that apply made in its last seconds may exist without the state knowing of it: "
            f"{saved.log} says what it did last, and `{own_command()} adopt` brings such resources under management."
        )
    raise OperationError(message)


def _expect_commit(about: About, head: str | None, *, allow_dirty: bool) -> None:
    if about.commit != head:
        checked_out = f"{head[:12]} is checked out" if head else "no commit is checked out"
        message = (
            f"The plan of {about.stack} was made from commit {(about.commit or 'none')[:12]}, and {checked_out}. "
            f"Nothing was applied. Check out that commit, or plan this one: {own_command()} plan {about.stack}"
        )
        raise OperationError(message)
    if about.dirty and not allow_dirty:
        what = "uncommitted changes" if about.commit else "a folder without a commit"
        message = (
            f"The plan of {about.stack} was made from {what}, so nobody could find out later what was applied. "
            f"Nothing was applied. Commit and plan anew, or say --allow-dirty, which is recorded."
        )
        raise OperationError(message)


def _in_order(plans: Sequence[ReadyPlan]) -> tuple[ReadyPlan, ...]:
    """Each plan after those that it depends on; else in the order that they were given in."""
    by_stack = {each.about.stack: each for each in plans}
    ordered: dict[str, ReadyPlan] = {}

    def add(plan: ReadyPlan) -> None:
        for name in plan.about.dependencies:
            if name in by_stack:
                add(by_stack[name])
        ordered.setdefault(plan.about.stack, plan)

    for each in by_stack.values():
        add(each)
    return tuple(ordered.values())
