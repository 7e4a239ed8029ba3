"""Apply of reviewed plans: exactly the saved files, never a new plan.

Everything that can be refused is refused before anything is applied. Terraform writes to a log file and inherits the
record of the apply: it completes if mlinfra is killed, and the next apply detects that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from mlinfra.command import own_command
from mlinfra.declarations import load_environments
from mlinfra.errors import OperationError
from mlinfra.operations.aws import account_of, aws_errors_explained
from mlinfra.operations.deploy import applied_commit
from mlinfra.operations.deploy.applied_commit import AppliedCommit
from mlinfra.operations.deploy.applied_settings import copy_settings, save_applied_settings
from mlinfra.operations.deploy.local_apply import is_applied_locally, local_apply, state_of
from mlinfra.operations.deploy.plan_content import MAX_AGE, document_of
from mlinfra.operations.deploy.preconditions import checked_plans, require_approved_review
from mlinfra.operations.deploy.saved_plan import (
    Attempt,
    SavedPlan,
    created_resources,
    unrecorded_resources_advice,
    unsaved_state_message,
)
from mlinfra.operations.deploy.state_lock import held_lock, lock_error
from mlinfra.operations.review import review as review_plans
from mlinfra.operations.terraform import (
    RemoteState,
    Repository,
    Run,
    StackSettings,
    Terraform,
    TerraformError,
    find_terraform,
    provider_source,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from mlinfra.declarations import Environment
    from mlinfra.operations.aws import AwsAccount
    from mlinfra.operations.deploy.local_apply import LocalApply
    from mlinfra.operations.deploy.preconditions import CheckedPlan, ReviewPlans
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
    """The SSM parameter that records the commit."""


@dataclass(frozen=True)
class _Target:
    """The environment of a plan, and its account."""

    environment: Environment
    account: AwsAccount


def apply(
    paths: Sequence[Path],
    root: Path,
    progress: Progress,
    *,
    today: date,
    review: ReviewPlans = review_plans,
    allow_dirty: bool = False,
    live: bool = False,
    tag: str | None = None,
    max_age: timedelta = MAX_AGE,
) -> tuple[AppliedStack, ...]:
    """Apply the plans in `paths`, each after its dependencies, and record the commit of each stack.

    Args:
        paths: folders that `mlinfra plan` saved, or the `tfplan` in them.
        root: the project.
        progress: receives the steps.
        today: the date at which approvals must be valid.
        review: reviews the plans. Default: `mlinfra.operations.review.review`.
        allow_dirty: True: apply plans of uncommitted changes; this is recorded. Default: False.
        live: True: the review checks whether jobs are running. Default: False.
        tag: an annotated git tag for the commit, made after all plans are applied. Default: none.
        max_age: the maximum age of a plan. Default: 24 hours.

    Raises:
        ReviewHeldError: if a finding of the review is not approved.
        OperationError: if a plan is refused, locked or stale, or its apply fails.
    """
    repository = Repository(root)
    with progress.step("Check the plans") as step:
        tool = find_terraform()
        source = provider_source(root)
        plans = checked_plans(paths, repository, root=root, allow_dirty=allow_dirty)
        if tag:
            _require_can_tag(plans, repository, tag)
        targets = {name: _target(root, name) for name in dict.fromkeys(each.about.environment for each in plans)}
        step.conclude(", ".join(each.about.stack for each in plans))
    terraforms = {each.about.stack: Terraform(each.saved.stack, tool.path, changes=source.changes) for each in plans}
    _review(plans, terraforms, targets, review, progress, root=root, today=today, live=live, max_age=max_age)
    applied: list[AppliedStack] = []
    for each in plans:
        with progress.step(f"Apply {each.about.stack}") as step:
            try:
                target = targets[each.about.environment]
                applied.append(_apply(each, terraforms[each.about.stack], target, step))
            except OperationError as error:
                raise _with_remaining_plans(error, plans, applied) from None
    if tag and plans[0].about.commit:
        stacks = ", ".join(each.stack for each in applied)
        repository.make_tag(tag, plans[0].about.commit, f"Applied by mlinfra: {stacks}")
    return tuple(applied)


def _review(
    plans: Sequence[CheckedPlan],
    terraforms: Mapping[str, Terraform],
    targets: Mapping[str, _Target],
    review: ReviewPlans,
    progress: Progress,
    *,
    root: Path,
    today: date,
    live: bool,
    max_age: timedelta,
) -> None:
    """Review the plan files, as Terraform reads them."""
    now = datetime.now(timezone.utc)
    try:
        with TemporaryDirectory(prefix="mlinfra-") as folder:
            with progress.step("Read the plans"):
                documents = []
                for saved, about in ((each.saved, each.about) for each in plans):
                    # Providers are not saved with a plan. Terraform requires the versions that the plan was made with.
                    terraform = terraforms[about.stack]
                    terraform.init()
                    document = document_of(saved, about, terraform, Path(folder), now=now, max_age=max_age)
                    target = targets[about.environment]
                    save_applied_settings(document.parent, target.account, target.environment, about.component)
                    copy_settings(saved.stack, document.parent / "stack")
                    documents.append(document)
            with progress.step("Review the plans"):
                require_approved_review(documents, review, root=root, today=today, live=live)
    except BaseException:
        for each in plans:
            each.saved.remove_providers()
        raise


def state_after_interruption(paths: Sequence[Path]) -> str:
    """The state of the plans in `paths` after their apply was interrupted, and how to continue."""
    sentences = []
    for saved in dict.fromkeys(map(SavedPlan.at, paths)):
        attempt = saved.attempt()
        if attempt is None or attempt.outcome != "unknown":
            continue
        stack = saved.read().stack
        # The providers end a moment after Terraform.
        if is_applied_locally(stack, state_of(saved.stack), patience=_PATIENCE_SECONDS):
            sentences.append(
                f"Terraform is still completing its current changes in {stack}. It then writes the state and releases "
                f"the lock; its progress is in {saved.log}. Do not stop it."
            )
        elif saved.errored_state.exists():
            sentences.append(unsaved_state_message(saved))
        else:
            sentences.append(
                f"The Terraform that applied {stack} has ended, and the state contains its completed changes. Plan "
                f"again, which shows the remaining changes: {own_command()} plan {stack}"
            )
    return "\n".join(sentences) or "Nothing was applied."


def _require_can_tag(plans: Sequence[CheckedPlan], repository: Repository, tag: str) -> None:
    commit = plans[0].about.commit
    if commit is None or any(each.about.dirty for each in plans):
        message = (
            f"The tag {tag!r} would mark this commit as applied, and the plans contain uncommitted changes. Nothing "
            f"was applied. Commit and plan again, or apply without --tag."
        )
        raise OperationError(message)
    repository.require_taggable(tag, commit)


def _target(root: Path, name: str) -> _Target:
    (environment,) = load_environments(root, only=name, judged=False)
    return _Target(environment, account_of(environment))


def _apply(plan: CheckedPlan, terraform: Terraform, target: _Target, step: Step) -> AppliedStack:
    saved, about = plan.saved, plan.about
    with local_apply(about.stack, state_of(saved.stack)) as held:
        attempt = saved.attempt() or Attempt(datetime.now(timezone.utc), Run.of_this_process().who, "unknown")
        if attempt.outcome != "applied":
            _run(plan, replace(terraform, on_line=step.say, pass_fds=held.inherited), held, attempt)
            attempt = replace(attempt, outcome="applied")
            saved.note(attempt)
    step.say("Record the commit")
    with aws_errors_explained():
        state = RemoteState(target.account, target.environment, about.component).version()
    facts = AppliedCommit(
        commit=about.commit,
        dirty=about.dirty,
        when=datetime.now(timezone.utc),
        who=target.account.caller,
        mlinfra=version("mlinfra-cdktf"),
        sha256=about.sha256["cdk.tf.json"],
        lineage=state.lineage if state else None,
        serial=state.serial if state else None,
        settings=StackSettings.read(saved.stack, about.terraform).packed(),
    )
    try:
        parameter = applied_commit.record(target.account, target.environment, about.component, facts)
    except OperationError as error:
        message = (
            f"{about.stack} was applied, and its commit could not be recorded: {error.message} Afterwards run the same "
            f"`{own_command()} apply` again, which only records the commit."
        )
        raise OperationError(message, details=error.details) from None
    saved.note(replace(attempt, outcome="recorded"))
    return AppliedStack(about.stack, about.commit, about.dirty, parameter)


def _run(plan: CheckedPlan, terraform: Terraform, held: LocalApply, attempt: Attempt) -> None:
    """Run `terraform apply`.

    Raises:
        OperationError: if it fails, with the resulting state and the remedy.
    """
    saved, stack = plan.saved, plan.about.stack
    killed = held.killed
    saved.note(attempt)
    held.begin()
    try:
        terraform.apply(saved.tfplan, log=saved.log)
    except TerraformError as error:
        if lock := held_lock(error.details):
            saved.note(None)
            raise lock_error(lock, stack, killed=killed, now=datetime.now(timezone.utc)) from None
        if _STALE in error.details:
            saved.note(None)
            message = (
                f"The plan of {stack} is stale: another apply changed the state after the plan was made. Nothing was "
                f"applied. Plan again and have the new plan reviewed: {own_command()} plan {stack}"
            )
            raise OperationError(message) from None
        if error.was_killed:
            held.keep_record()
            message = (
                f"Terraform was killed while it applied {stack}. It did not release its lock: the next "
                f"`{own_command()} plan {stack}` shows the command that does. {unrecorded_resources_advice(saved)}"
            )
            details = "\n".join(filter(None, (error.details, created_resources(saved))))
            raise OperationError(message, details=details) from None
        saved.note(replace(attempt, outcome="failed"))
        if saved.errored_state.exists():
            raise OperationError(unsaved_state_message(saved), details=error.details) from None
        message = (
            f"The apply of {stack} failed. The state contains the changes that were completed, and the lock is "
            f"released. Fix the cause, and plan again, which shows the remaining changes: {own_command()} plan {stack}"
        )
        raise OperationError(message, details=error.details) from None
    except BaseException:
        held.keep_record()
        raise


def _with_remaining_plans(
    error: OperationError, plans: Sequence[CheckedPlan], applied: Sequence[AppliedStack]
) -> OperationError:
    """The error, with the plans that were applied and those that were not."""
    if len(plans) == 1:
        return error
    done = [each.stack for each in applied]
    remaining = [each.about.stack for each in plans if each.about.stack not in done]
    message = f"{error.message}\nApplied: {', '.join(done) or 'none'}. Not applied: {', '.join(remaining)}."
    return OperationError(message, details=error.details)
