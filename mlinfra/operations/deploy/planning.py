"""Plans of several stacks at the same time, each saved with its origin. Nothing is applied."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from mlinfra.command import own_command
from mlinfra.declarations import ExpiredExperiment, present_day
from mlinfra.errors import OperationError
from mlinfra.operations.aws import account_of, aws_errors_explained
from mlinfra.operations.deploy import stack_selection, stored_plans
from mlinfra.operations.deploy.applied_settings import save_applied_settings
from mlinfra.operations.deploy.local_apply import killed_local_apply, require_no_local_apply, state_of
from mlinfra.operations.deploy.plans_folder import remove_unusable
from mlinfra.operations.deploy.saved_plan import PLANS_FOLDER, SavedPlan, private_text, require_plans_folder
from mlinfra.operations.deploy.state_lock import held_lock, lock_error
from mlinfra.operations.deploy.synthesizing import base_commit, synthesize_all
from mlinfra.operations.terraform import (
    RemoteState,
    Repository,
    SchemaProviders,
    Terraform,
    TerraformError,
    Tool,
    find_node,
    find_terraform,
    provider_source,
    require_terraform,
    require_tools,
    stacks_at_once,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlinfra.declarations import Environment
    from mlinfra.operations.deploy.saved_plan import About
    from mlinfra.operations.deploy.stored_plans import StoredPlan
    from mlinfra.operations.terraform import Progress, ProviderSource, SynthesizedStack, Tool

_WRONG_CHECKSUM = "does not have the expected content"
"""Part of the error of Terraform's S3 backend if a state differs from its checksum in the lock table (1.11)."""


@dataclass(frozen=True)
class PlannedStack:
    """A stack whose plan is saved."""

    about: About
    folder: Path
    summary: str
    """The planned changes, such as `3 to add, 1 to change, 0 to destroy`."""


@dataclass(frozen=True)
class FailedStack:
    """A stack that could not be planned, or all stacks of an environment."""

    stack: str
    """The id of the stack; `dev-*` for all stacks of an environment."""
    message: str
    details: str

    def __str__(self) -> str:
        """The stack and the reason, with the output of Terraform."""
        return f"{self.stack}: {self.message}\n{self.details}".rstrip()


@dataclass(frozen=True)
class Plans:
    """The result of planning several stacks."""

    planned: tuple[PlannedStack, ...]
    failed: tuple[FailedStack, ...]
    unchanged: tuple[str, ...]
    """Stacks that are identical to those of the compared commit, and were not planned."""
    removed: tuple[str, ...]
    """Stacks that are no longer declared. Their resources still exist."""
    skipped_environments: tuple[str, ...]
    """Environments of other accounts."""
    expired: tuple[ExpiredExperiment, ...] = ()
    """The expired experiments of the planned environments. Their clusters have size zero."""
    stored: tuple[StoredPlan, ...] = ()
    """The plans in the state bucket, if they were stored."""

    @property
    def differs(self) -> bool:
        """True if a plan contains changes."""
        return any(each.about.changes for each in self.planned)


def plan(
    root: Path,
    progress: Progress,
    *,
    patterns: Sequence[str] = (),
    changed_since: str | None = None,
    parallelism: int | None = None,
    lock: bool = True,
    out: Path | None = None,
    store: bool = False,
) -> Plans:
    """Synthesize the project, and save a plan of each selected stack.

    Args:
        root: the project.
        progress: receives the steps, several at a time.
        patterns: the stacks, such as `dev-*`. Default: all stacks of the AWS account in use.
        changed_since: a commit: only stacks that differ from those of this commit are planned. Zeros, the value of
            pipelines for a new branch, select all stacks. Default: all stacks.
        parallelism: the number of stacks that are planned at the same time. Default: as many as this machine can
            (`stacks_at_once`).
        lock: True: lock the state meanwhile, which read-only credentials cannot. Default: True.
        out: the folder for plans. Default: `plans` in the project.
        store: True: also store the plans in the state bucket, if all stacks could be planned. Default: False.

    Returns:
        The plans, and the stacks that could not be planned. An error in one stack does not affect the others.

    Raises:
        OperationError: if a tool is missing, a pattern matches no stack, the commit cannot be synthesized, or plans
            cannot be stored.
    """
    repository = Repository(root)
    base = base_commit(repository, changed_since, progress)
    with prepared_plans(root, progress, patterns=patterns, lock=lock, out=out) as prepared:
        chosen = prepared.stacks
        removed: tuple[str, ...] = ()
        unchanged: tuple[str, ...] = ()
        if base:
            with progress.step(f"Synthesize the stacks at {changed_since}") as step:
                there = prepared.folder / "before"
                compared = stack_selection.compare(prepared.all_stacks, repository, base, there, patterns=patterns)
                removed = compared.removed
                unchanged = tuple(each.name for each in chosen if each.name not in compared.differing)
                chosen = tuple(each for each in chosen if each.name in compared.differing)
                step.conclude(f"{len(chosen)} changed, {len(unchanged)} unchanged")
        plans = prepared.plans(chosen, parallelism=parallelism, store=store)
    return replace(plans, unchanged=unchanged, removed=removed)


@contextmanager
def prepared_plans(
    root: Path,
    progress: Progress,
    *,
    patterns: Sequence[str] = (),
    environment: str | None = None,
    lock: bool = True,
    out: Path | None = None,
) -> Iterator[Planning]:
    """Synthesize the project, and plan stacks of it until the end of the block.

    Args:
        root: the project.
        progress: receives the steps.
        patterns: the stacks, such as `dev-*`. Default: all stacks of the AWS account in use.
        environment: the only environment whose stacks are selected, since `dev-*` also matches those of an environment
            `dev-eu`. Default: patterns select stacks of all environments.
        lock: True: lock the states meanwhile. Default: True.
        out: the folder for plans. Default: `plans` in the project.

    Raises:
        OperationError: if a tool is missing, or a pattern matches no stack.
        DeclarationError: if an environment is invalid.
    """
    out = out or root / PLANS_FOLDER
    require_plans_folder(out)
    repository = Repository(root)
    with progress.step("Check the tools") as step:
        tool, node = require_tools(find_terraform, find_node)
        source = provider_source(root)
        step.conclude(f"{tool}, {node}")
    environments = stack_selection.select_environments(root, patterns, only=environment)
    require_terraform(tool, environments.selected)
    reachable, failed = check_state_buckets(environments.selected, progress)
    commit, uncommitted = repository.head(), repository.uncommitted(ignoring=out)
    remove_unusable(out, repository, commit)
    with TemporaryDirectory(prefix="mlinfra-") as folder:
        stacks = synthesize_all(root, reachable, Path(folder) / "now", progress) if reachable else ()
        chosen = stack_selection.select_stacks(stacks, patterns) if reachable else ()
        yield Planning(
            folder=Path(folder),
            all_stacks=stacks,
            stacks=tuple(stack for _, stack in chosen),
            failed=failed,
            skipped_environments=tuple(each.name for each in environments.skipped),
            expired=tuple(expired for each in reachable for expired in each.expired_experiments(present_day())),
            planner=Planner(tool, source, out, commit, lock=lock, dirty=bool(uncommitted) or commit is None),
            progress=progress,
        )


@dataclass(frozen=True)
class Planning:
    """A synthesized project whose stacks can be planned."""

    folder: Path
    """A temporary folder."""
    all_stacks: tuple[tuple[Environment, SynthesizedStack], ...]
    """All stacks of the selected environments, with their environments."""
    stacks: tuple[SynthesizedStack, ...]
    """The selected stacks, each after its dependencies."""
    failed: tuple[FailedStack, ...]
    """Environments that cannot be planned."""
    skipped_environments: tuple[str, ...]
    """Environments of other accounts."""
    expired: tuple[ExpiredExperiment, ...]
    """The expired experiments of the environments."""
    planner: Planner
    progress: Progress

    def environment_of(self, stack: SynthesizedStack) -> Environment:
        """The environment of a stack."""
        return next(environment for environment, each in self.all_stacks if each.name == stack.name)

    def terraform(self, stack: SynthesizedStack) -> Terraform:
        """Terraform in the folder of a synthesized stack, which exists until the end of the block."""
        return self.planner.terraform(stack.directory)

    def explained(self, error: TerraformError, stack: SynthesizedStack) -> OperationError:
        """The error of Terraform for a stack, with a remedy if one is known."""
        return _reason(error, self.environment_of(stack), stack)

    def plan(
        self, stacks: Sequence[SynthesizedStack], *, parallelism: int | None = None, destroy: bool = False
    ) -> tuple[tuple[PlannedStack, ...], tuple[FailedStack, ...]]:
        """Save a plan of each of `stacks`, several at a time. Returns the plans, and the stacks without one.

        Args:
            stacks: the stacks.
            parallelism: the number of stacks that are planned at the same time. Default: as many as this machine can.
            destroy: True: plan to destroy all resources. Default: False.
        """

        def planned(stack: SynthesizedStack) -> PlannedStack | FailedStack:
            environment = self.environment_of(stack)
            return self.planner.plan(environment, stack, self.progress, destroy=destroy, schema_providers=providers)

        with SchemaProviders() as providers, ThreadPoolExecutor(parallelism or stacks_at_once()) as pool:
            ended = list(pool.map(planned, stacks))
        return (
            tuple(each for each in ended if isinstance(each, PlannedStack)),
            tuple(each for each in ended if isinstance(each, FailedStack)),
        )

    def plans(self, stacks: Sequence[SynthesizedStack], *, parallelism: int | None, store: bool) -> Plans:
        """Save a plan of each of `stacks`, and store the plans if all could be made and `store` is True."""
        if store:
            self.require_storage(stacks)
        planned, failed = self.plan(stacks, parallelism=parallelism)
        failed = (*self.failed, *failed)
        return Plans(
            planned=planned,
            failed=failed,
            unchanged=(),
            removed=(),
            skipped_environments=self.skipped_environments,
            expired=self.expired,
            stored=self.store(planned) if store and not failed else (),
        )

    def require_storage(self, stacks: Sequence[SynthesizedStack]) -> None:
        """Check that plans of `stacks` can be stored in the state buckets.

        Raises:
            OperationError: if the checkout is not that of a commit, or a state bucket does not delete stored plans.
        """
        if self.planner.dirty:
            raise OperationError(stored_plans.no_commit_message())
        for environment in {each.name: each for each in map(self.environment_of, stacks)}.values():
            stored_plans.require_storage(environment)

    def store(self, planned: Sequence[PlannedStack]) -> tuple[StoredPlan, ...]:
        """Store plans in the state buckets."""
        environments = {stack.name: environment for environment, stack in self.all_stacks}
        with self.progress.step("Store the plans") as step:
            stored = tuple(
                stored_plans.store(SavedPlan(each.folder), each.about, environments[each.about.stack])
                for each in planned
            )
            step.conclude(", ".join(each.stack for each in stored) or "none")
        return stored


def check_state_buckets(
    environments: Sequence[Environment], progress: Progress
) -> tuple[tuple[Environment, ...], tuple[FailedStack, ...]]:
    """The environments whose account and state bucket are accessible, and one error for each of the others."""
    reachable: list[Environment] = []
    failed: list[FailedStack] = []
    with progress.step("Check the state buckets") as step, aws_errors_explained():
        for each in environments:
            try:
                exists = RemoteState(account_of(each), each, "state").bucket_exists()
            except OperationError as error:
                failed.append(FailedStack(f"{each.name}-*", error.message, error.details))
                continue
            if exists:
                reachable.append(each)
            else:
                failed.append(FailedStack(f"{each.name}-*", _missing_bucket(each), ""))
        step.conclude(", ".join(each.names.state_bucket for each in reachable) or "not accessible")
    return tuple(reachable), tuple(failed)


def _missing_bucket(environment: Environment) -> str:
    return (
        f"The state bucket of {environment.name!r}, {environment.names.state_bucket}, does not exist. Create it, once "
        f"per environment: {own_command()} bootstrap {environment.name}"
    )


class Planner:
    """Plans single stacks, in any thread."""

    def __init__(
        self, tool: Tool, source: ProviderSource, out: Path, commit: str | None, *, lock: bool, dirty: bool
    ) -> None:
        self._tool = tool
        self._source = source
        self._out = out
        self._commit = commit
        self._lock = lock
        self.dirty = dirty

    def plan(
        self,
        environment: Environment,
        stack: SynthesizedStack,
        progress: Progress,
        *,
        destroy: bool,
        schema_providers: SchemaProviders,
    ) -> PlannedStack | FailedStack:
        """Save a plan of a stack, or of its destruction. Returns the plan, or the error."""
        saved = SavedPlan(self._out / stack.name)
        try:
            with progress.step(f"Plan {stack.name}") as step:
                # A new plan would delete the folder in which the Terraform of that apply is running.
                require_no_local_apply(stack.name, state_of(stack.directory))
                saved.begin(stack.directory)
                terraform = replace(self.terraform(saved.stack), on_line=step.say, schema_providers=schema_providers)
                planned = self._save(saved, environment, stack, terraform, destroy=destroy)
                step.conclude(planned.summary)
        except TerraformError as error:
            reason = _reason(error, environment, stack)
            return FailedStack(stack.name, reason.message, reason.details)
        except OperationError as error:
            return FailedStack(stack.name, error.message, error.details)
        return planned

    def terraform(self, directory: Path) -> Terraform:
        """Terraform in the folder of a stack."""
        return Terraform(directory, self._tool.path, changes=self._source.changes)

    def _save(
        self,
        saved: SavedPlan,
        environment: Environment,
        stack: SynthesizedStack,
        terraform: Terraform,
        *,
        destroy: bool,
    ) -> PlannedStack:
        terraform.init()
        differs = terraform.plan(saved.tfplan, mode="destroy" if destroy else "normal", lock=self._lock)
        private_text(saved.document, terraform.show_text(saved.tfplan))
        saved.remove_providers()
        save_applied_settings(
            saved.folder, account_of(environment), environment, environment.names.component_of(stack.name)
        )
        about = saved.finish(
            stack=stack.name,
            environment=environment.name,
            commit=self._commit,
            dirty=self.dirty,
            created=datetime.now(timezone.utc),
            mlinfra=version("mlinfra-cdktf"),
            terraform=".".join(map(str, self._tool.version)),
            changes=differs,
            dependencies=stack.dependencies,
        )
        return PlannedStack(about, saved.folder, saved.summary() if differs else "nothing to change")


def _reason(error: TerraformError, environment: Environment, stack: SynthesizedStack) -> OperationError:
    """The reason why `stack` could not be planned, with a remedy if one is known."""
    if lock := held_lock(error.details):
        killed = killed_local_apply(stack.name, state_of(stack.directory))
        return lock_error(lock, stack.name, killed=killed, now=datetime.now(timezone.utc))
    if _WRONG_CHECKSUM in " ".join(error.details.split()):
        message = (
            f"The state of {stack.name} differs from its checksum in the lock table, as after a Terraform that was "
            f"killed while it wrote the state. If nothing else is applying the stack, repair the checksum: "
            f"{own_command()} unlock {stack.name}"
        )
        return OperationError(message, details=error.details)
    bucket = environment.names.state_bucket
    if error.command == "init" and "does not exist" in error.details and bucket in error.details:
        return OperationError(_missing_bucket(environment))
    depends = error.command == "plan" and stack.dependencies
    waits = f" It depends on {', '.join(stack.dependencies)}: apply them first." if depends else ""
    return OperationError(f"`terraform {error.command}` failed.{waits}", details=error.details)
