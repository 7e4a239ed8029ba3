"""Deployment of an environment: plan, review and apply in the order of dependencies.

A stack is planned after the stacks that it depends on were applied, because it reads values that they hand over. Each
round plans the stacks without remaining dependencies; rounds without changes need no confirmation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mlinfra.declarations import load_environments
from mlinfra.errors import OperationError
from mlinfra.operations.aws import account_of, aws_errors_explained
from mlinfra.operations.bootstrap import bootstrap
from mlinfra.operations.deploy import apply, prepared_plans, require_approved, require_committed
from mlinfra.operations.review import review
from mlinfra.operations.terraform import RemoteState, Repository

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from mlinfra.declarations import Environment
    from mlinfra.operations.deploy import AppliedStack, FailedStack, PlannedStack
    from mlinfra.operations.review import Report
    from mlinfra.operations.terraform import Progress, SynthesizedStack

Confirm = Callable[[str], bool]
"""Asks a question. True: yes."""


@dataclass(frozen=True)
class Deployed:
    """The result of a deployment."""

    applied: tuple[AppliedStack, ...]
    unchanged: tuple[str, ...]
    """Stacks whose plan contains no changes."""
    declined: tuple[str, ...]
    """Stacks that were not applied, because a question was answered with no."""


@dataclass(frozen=True)
class Conversation:
    """The outputs and questions of a deployment."""

    progress: Progress
    confirm: Confirm
    show: Callable[[Report], None]
    """Shows the review of the plans that the next question is about."""
    begin: Callable[[Sequence[Path]], None]
    """Receives the folders of the plans before they are applied."""
    planned: Callable[[Sequence[PlannedStack]], None] = field(default=lambda _planned: None)
    """Receives the plans with changes of each round, before their review is shown. Default: nothing happens."""


def up(
    name: str,
    root: Path,
    conversation: Conversation,
    *,
    today: date,
    stacks: Sequence[str] = (),
    allow_dirty: bool = False,
    live: bool = False,
) -> Deployed:
    """Deploy an environment, or some of its stacks.

    Args:
        name: the environment.
        root: the project.
        conversation: the outputs and questions.
        today: the date at which approvals must be valid.
        stacks: the stacks or patterns. Default: all of the environment.
        allow_dirty: True: apply uncommitted changes, which is recorded. Default: False.
        live: True: the review checks whether jobs are running. Default: False.

    Raises:
        ReviewHeldError: if a finding of the review is not approved. Earlier rounds remain applied.
        OperationError: if a stack is of another environment or cannot be planned, a tool is missing, or an apply
            fails.
        DeclarationError: if the environment is invalid.
    """
    if not allow_dirty:
        require_committed(Repository(root), root)
    (environment,) = load_environments(root, only=name)
    _require_own([each for each in stacks if not each.startswith(f"{name}-")], name)
    if not _is_bootstrapped(environment):
        question = f"The state bucket of {name} does not exist. Create it, with its key and lock table?"
        if not conversation.confirm(question):
            return Deployed((), (), (f"{name}-*",))
        bootstrap(environment, root, conversation.progress)
    applied: list[AppliedStack] = []
    unchanged: list[str] = []
    patterns = [*stacks] or [f"{name}-*"]
    with prepared_plans(root, conversation.progress, patterns=patterns, environment=name) as prepared:
        remaining = {each.name: each for each in prepared.stacks}
        while remaining:
            ready = [each for each in remaining.values() if not any(name in remaining for name in each.dependencies)]
            planned, failed = prepared.plan(ready)
            if failed:
                raise _not_planned(failed, applied)
            changed = [each for each in planned if each.about.changes]
            unchanged += [each.about.stack for each in planned if not each.about.changes]
            if changed:
                report = review([each.folder for each in changed], root=root, today=today, live=live)
                conversation.planned(changed)
                conversation.show(report)
                require_approved(report)
                if not conversation.confirm(_question(changed, remaining)):
                    return Deployed(tuple(applied), tuple(unchanged), _names_of(remaining, unchanged))
                folders = [each.folder for each in changed]
                conversation.begin(folders)
                applied += apply(folders, root, conversation.progress, today=today, allow_dirty=allow_dirty, live=live)
            for each in ready:
                del remaining[each.name]
    return Deployed(tuple(applied), tuple(unchanged), ())


def _require_own(others: Sequence[str], name: str) -> None:
    """Check that there are no stacks or patterns of other environments than `name`.

    Raises:
        OperationError: if there are.
    """
    if others:
        message = (
            f"{', '.join(map(repr, others))} {'are' if len(others) > 1 else 'is'} not of the environment {name!r}, the "
            f"only one that this command deploys. Nothing was planned. Expected: stacks or patterns such as '{name}-*'."
        )
        raise OperationError(message)


def _is_bootstrapped(environment: Environment) -> bool:
    with aws_errors_explained():
        return RemoteState(account_of(environment), environment, "state").bucket_exists()


def _not_planned(failed: Sequence[FailedStack], applied: Sequence[AppliedStack]) -> OperationError:
    names = ", ".join(each.stack for each in failed)
    done = ", ".join(each.stack for each in applied) or "none"
    details = "\n".join(map(str, failed))
    return OperationError(f"Not planned: {names}. Applied before: {done}.", details=details)


def _question(changed: Sequence[PlannedStack], remaining: dict[str, SynthesizedStack]) -> str:
    names = [each.about.stack for each in changed]
    later = len(remaining) - len(names)
    following = f" {later} more are planned afterwards." if later else ""
    return f"Apply {', '.join(names)}?{following}"


def _names_of(remaining: dict[str, SynthesizedStack], unchanged: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for name in remaining if name not in unchanged)
