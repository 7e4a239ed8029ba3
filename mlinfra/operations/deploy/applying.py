"""Apply plans that were reviewed: exactly those files, never a new plan.

Everything that can be refused is refused before anything is applied. Terraform writes to a file, and
holds a record open, so that it finishes where mlinfra is killed, and the next apply knows of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timezone
from importlib.metadata import version
from typing import TYPE_CHECKING

from mlinfra.command import own_command
from mlinfra.declarations import load_environments
from mlinfra.errors import OperationError
from mlinfra.operations.aws import account_of
from mlinfra.operations.deploy import applied_commit
from mlinfra.operations.deploy.applied_commit import AppliedCommit
from mlinfra.operations.deploy.apply_checks import expect_clean_review, ready
from mlinfra.operations.deploy.saved_plan import Attempt, SavedPlan, unsaved_state
from mlinfra.operations.deploy.state_lock import explain, held_lock, runs_here, state_of, taken
from mlinfra.operations.terraform import Repository, Run, Terraform, TerraformError, find_terraform, provider_source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date
    from pathlib import Path

    from mlinfra.declarations import Environment
    from mlinfra.operations.aws import AwsAccount
    from mlinfra.operations.deploy.apply_checks import ReadyPlan, Review
    from mlinfra.operations.deploy.state_lock import Taken
    from mlinfra.operations.terraform import Progress, Step

_STALE = "Saved plan is stale"
_PATIENCE_SECONDS = 10.0


@dataclass(frozen=True)
class AppliedStack:
    """A stack whose plan was applied."""

    stack: str
    commit: str | None
    dirty: bool
    parameter: str
    """The SSM parameter that says so."""


@dataclass(frozen=True)
class _Place:
    environment: Environment
    account: AwsAccount


def apply(
    paths: Sequence[Path],
    root: Path,
    progress: Progress,
    *,
    review: Review,
    today: date,
    allow_dirty: bool = False,
    live: bool = False,
    tag: str | None = None,
) -> tuple[AppliedStack, ...]:
    """Apply the plans in `paths`, each after those that it depends on, and record the commit that made each stack.

    Args:
        paths: folders that `mlinfra plan` made, or the `tfplan` in them.
        root: the project.
        progress: is shown the steps.
        review: reads the plans; `mlinfra.operations.review`.
        today: the day that approvals are judged by.
        allow_dirty: apply what was planned from uncommitted changes. Default: False. It is recorded.
        live: have the review look whether jobs run. Default: False.
        tag: an annotated git tag for the commit, once all is applied. Default: none.

    Raises:
        OperationError: where a plan is refused, locked, stale or fails; none after it is applied.
    """
    repository = Repository(root)
    with progress.step("Check the plans") as step:
        tool = find_terraform()
        source = provider_source(root)
        plans = ready(paths, repository, root=root, allow_dirty=allow_dirty)
        if tag:
            _expect_can_tag(plans, repository, tag)
        places = {name: _place(root, name) for name in dict.fromkeys(each.about.environment for each in plans)}
        step.conclude(", ".join(each.about.stack for each in plans))
    with progress.step("Review them"):
        expect_clean_review(plans, review, root=root, today=today, live=live)
    applied: list[AppliedStack] = []
    for each in plans:
        with progress.step(f"Apply {each.about.stack}") as step:
            terraform = Terraform(each.saved.stack, tool.path, changes=source.changes)
            try:
                applied.append(_apply(each, terraform, places[each.about.environment], step))
            except OperationError as error:
                raise _with_what_is_left(error, plans, applied) from None
    if tag and plans[0].about.commit:
        stacks = ", ".join(each.stack for each in applied)
        repository.make_tag(tag, plans[0].about.commit, f"Applied by mlinfra: {stacks}")
    return tuple(applied)


def after_interruption(paths: Sequence[Path]) -> str | None:
    """What became of the plans in `paths` when their apply was interrupted; None where none had been begun."""
    said = []
    for saved in dict.fromkeys(map(SavedPlan.at, paths)):
        attempt = saved.attempt()
        if attempt is None or attempt.outcome != "unknown":
            continue
        stack = saved.read().stack
        # What Terraform started ends a moment after it.
        if runs_here(stack, state_of(saved.stack), patience=_PATIENCE_SECONDS):
            said.append(
                f"Terraform still finishes what it is at in {stack}, and then writes the state and releases the lock: "
                f"{saved.log} says how far it is. Do not end it."
            )
        elif saved.errored_state.exists():
            said.append(unsaved_state(saved))
        else:
            said.append(
                f"The Terraform that applied {stack} has ended: what it had done by then is in the state. Plan anew, "
                f"which shows what is left to do: {own_command()} plan {stack}"
            )
    return "\n".join(said) or None


def _expect_can_tag(plans: Sequence[ReadyPlan], repository: Repository, tag: str) -> None:
    commit = plans[0].about.commit
    if commit is None or any(each.about.dirty for each in plans):
        message = (
            f"The tag {tag!r} would say that this commit was applied, and the plans are of uncommitted changes. "
            f"Nothing was applied. Commit and plan anew, or apply without --tag."
        )
        raise OperationError(message)
    repository.expect_can_tag(tag, commit)


def _place(root: Path, name: str) -> _Place:
    (environment,) = load_environments(root, only=name, judged=False)
    return _Place(environment, account_of(environment))


def _apply(plan: ReadyPlan, terraform: Terraform, place: _Place, step: Step) -> AppliedStack:
    saved, about = plan.saved, plan.about
    with taken(about.stack, state_of(saved.stack)) as hold:
        attempt = saved.attempt() or Attempt(datetime.now(timezone.utc), Run.of_this_process().who, "unknown")
        if attempt.outcome != "applied":
            # Providers are not kept with a plan. Terraform refuses any but those that it was made with.
            terraform.init()
            _run(plan, replace(terraform, on_line=step.say, pass_fds=hold.inherited), hold, attempt)
            attempt = replace(attempt, outcome="applied")
            saved.note(attempt)
    step.say("Record the commit")
    facts = AppliedCommit(
        commit=about.commit,
        dirty=about.dirty,
        when=datetime.now(timezone.utc),
        who=place.account.caller,
        mlinfra=version("mlinfra-cdktf"),
        sha256=about.sha256["cdk.tf.json"],
    )
    try:
        parameter = applied_commit.record(place.account, place.environment, about.component, facts)
    except OperationError as error:
        message = (
            f"{about.stack} was applied, and its commit could not be recorded: {error.message} Then run the same "
            f"`{own_command()} apply` again: it only records."
        )
        raise OperationError(message, details=error.details) from None
    saved.note(replace(attempt, outcome="recorded"))
    return AppliedStack(about.stack, about.commit, about.dirty, parameter)


def _run(plan: ReadyPlan, terraform: Terraform, hold: Taken, attempt: Attempt) -> None:
    """Have Terraform apply the plan.

    Raises:
        OperationError: where it does not, with what that left behind and what to do.
    """
    saved, stack = plan.saved, plan.about.stack
    killed = hold.killed
    saved.note(attempt)
    hold.begin()
    try:
        terraform.apply(saved.tfplan, log=saved.log)
    except TerraformError as error:
        if lock := held_lock(error.details):
            saved.note(None)
            raise explain(lock, stack, saved.stack, killed=killed, now=datetime.now(timezone.utc)) from None
        if _STALE in error.details:
            saved.note(None)
            message = (
                f"The plan of {stack} is stale: its state was changed after the plan was made, by another apply. "
                f"Nothing was applied. Plan anew and have that reviewed: {own_command()} plan {stack}"
            )
            raise OperationError(message) from None
        if error.was_killed:
            hold.leave_behind()
            message = (
                f"Terraform was killed while it applied {stack}. What it made last may exist without the state knowing "
                f"of it, and its lock is left: the next `{own_command()} plan {stack}` says how to release it. "
                f"{saved.log} says what it did last."
            )
            raise OperationError(message, details=error.details) from None
        saved.note(replace(attempt, outcome="failed"))
        if saved.errored_state.exists():
            raise OperationError(unsaved_state(saved), details=error.details) from None
        message = (
            f"The apply of {stack} failed on the way. What it had done by then is in the state, and the lock is "
            f"released. Mend the cause, and plan anew, which shows what is left to do: {own_command()} plan {stack}"
        )
        raise OperationError(message, details=error.details) from None
    except BaseException:
        hold.leave_behind()
        raise


def _with_what_is_left(
    error: OperationError, plans: Sequence[ReadyPlan], applied: Sequence[AppliedStack]
) -> OperationError:
    """The error, with which of several plans were applied and which were not."""
    if len(plans) == 1:
        return error
    done = [each.stack for each in applied]
    left = [each.about.stack for each in plans if each.about.stack not in done]
    message = f"{error.message}\nApplied: {', '.join(done) or 'none'}. Not applied: {', '.join(left)}."
    return OperationError(message, details=error.details)
