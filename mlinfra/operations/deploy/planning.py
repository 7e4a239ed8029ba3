"""Plan stacks, several at once, and save each plan with what it was made from. Nothing is ever applied here."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from mlinfra.command import own_command
from mlinfra.errors import OperationError
from mlinfra.operations.aws import account_of
from mlinfra.operations.deploy import chosen_stacks
from mlinfra.operations.deploy.saved_plan import PLANS_FOLDER, SavedPlan, private_text
from mlinfra.operations.deploy.state_lock import expect_nobody_here, explain, held_lock, killed_here, state_of
from mlinfra.operations.terraform import (
    Repository,
    Terraform,
    TerraformError,
    Tool,
    find_terraform,
    provider_source,
    synthesize,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra.declarations import Environment
    from mlinfra.operations.deploy.saved_plan import About
    from mlinfra.operations.terraform import Progress, ProviderSource, Step, SynthesizedStack, Tool

_NO_COMMIT = re.compile("(?:0{40}|0{64})")
"""What GitLab and GitHub call the commit before a push where there was none: a new branch, a first push, a pipeline
that somebody started by hand. Sources: GitLab, "Predefined variables", CI_COMMIT_BEFORE_SHA; GitHub, "Webhook events
and payloads", push."""

AT_ONCE = 4
"""How many stacks are planned at the same time. The AWS provider takes up to 300 MB for each."""


@dataclass(frozen=True)
class PlannedStack:
    """A stack whose plan is saved."""

    about: About
    folder: Path
    summary: str
    """What would change, such as `3 to add, 1 to change, 0 to destroy`."""


@dataclass(frozen=True)
class FailedStack:
    """A stack that could not be planned."""

    stack: str
    message: str
    details: str


@dataclass(frozen=True)
class Plans:
    """What planning came to."""

    planned: tuple[PlannedStack, ...]
    failed: tuple[FailedStack, ...]
    unchanged: tuple[str, ...]
    """Stacks that were left out: they are what they were at the commit that was compared with."""
    gone: tuple[str, ...]
    """Stacks that are declared no longer. What they made is still there."""
    environments_left_out: tuple[str, ...]
    """Environments of other accounts."""

    @property
    def differs(self) -> bool:
        """Whether applying any of the plans would change anything."""
        return any(each.about.changes for each in self.planned)


def plan(
    root: Path,
    progress: Progress,
    *,
    patterns: Sequence[str] = (),
    changed_since: str | None = None,
    parallel: int = AT_ONCE,
    lock: bool = True,
    out: Path | None = None,
) -> Plans:
    """Synthesize, and save a plan for each chosen stack.

    Args:
        root: the project.
        progress: is shown the steps, several at a time.
        patterns: which stacks, such as `dev-*`. Default: all of the account that the credentials at hand are of.
        changed_since: a commit; only stacks that it synthesizes to otherwise are planned. Zeros are no commit, as in
            what pipelines say of a new branch. Default: all are.
        parallel: how many stacks are planned at once. Default: 4.
        lock: whether to hold each state's lock meanwhile. Default: True; credentials that may only read cannot.
        out: the folder for plans. Default: `plans` in the project.

    Returns:
        The plans, and the stacks that could not be planned: an error in one does not lose the others.

    Raises:
        OperationError: where a tool is missing, a pattern matches no stack, or there is nothing to compare with.
        DeclarationError: where an environment is not declared rightly.
    """
    out = out or root / PLANS_FOLDER
    repository = Repository(root)
    base = _base(repository, changed_since, progress)
    with progress.step("Check the tools") as step:
        tool = find_terraform()
        source = provider_source(root)
        step.conclude(str(tool))
    environments = chosen_stacks.choose_environments(root, patterns)
    commit, uncommitted = repository.head(), repository.uncommitted(besides=out)
    with TemporaryDirectory(prefix="mlinfra-") as folder:
        stacks = _synthesize(root, environments.chosen, Path(folder), progress)
        chosen = chosen_stacks.choose_stacks(stacks, patterns)
        gone: tuple[str, ...] = ()
        unchanged: tuple[str, ...] = ()
        if base:
            with progress.step(f"Synthesize the stacks of {changed_since}") as step:
                there = Path(folder, "before")
                compared = chosen_stacks.compare(stacks, repository, base, there, patterns=patterns)
                gone = compared.gone
                unchanged = tuple(stack.name for _, stack in chosen if stack.name not in compared.differing)
                chosen = tuple(each for each in chosen if each[1].name in compared.differing)
                step.conclude(f"{len(chosen)} differ, {len(unchanged)} do not")
        planner = _Planner(tool, source, out, commit, lock=lock, dirty=bool(uncommitted) or commit is None)
        with ThreadPoolExecutor(parallel) as pool:
            ended = list(pool.map(lambda each: planner.plan(each[0], each[1], progress), chosen))
    return Plans(
        planned=tuple(each for each in ended if isinstance(each, PlannedStack)),
        failed=tuple(each for each in ended if isinstance(each, FailedStack)),
        unchanged=unchanged,
        gone=gone,
        environments_left_out=tuple(each.name for each in environments.left_out),
    )


def _base(repository: Repository, changed_since: str | None, progress: Progress) -> str | None:
    """The commit to compare with; None: there is none, and all stacks are planned."""
    if changed_since is None:
        return None
    if _NO_COMMIT.fullmatch(changed_since):
        with progress.step("Look for the commit before") as step:
            step.conclude("there is none: all stacks are planned")
        return None
    return repository.commit(changed_since)


def _synthesize(
    root: Path, environments: Sequence[Environment], folder: Path, progress: Progress
) -> tuple[tuple[Environment, SynthesizedStack], ...]:
    with progress.step("Synthesize the stacks") as step:
        stacks = tuple(
            (environment, stack)
            for environment in environments
            for stack in synthesize(root, folder / "now" / environment.name, environment=environment.name)
        )
        step.conclude(f"{len(stacks)} of {', '.join(each.name for each in environments)}")
    return stacks


class _Planner:
    """Plans one stack after another, or several at once."""

    def __init__(
        self, tool: Tool, source: ProviderSource, out: Path, commit: str | None, *, lock: bool, dirty: bool
    ) -> None:
        self._tool = tool
        self._source = source
        self._out = out
        self._commit = commit
        self._lock = lock
        self._dirty = dirty

    def plan(self, environment: Environment, stack: SynthesizedStack, progress: Progress) -> PlannedStack | FailedStack:
        saved = SavedPlan(self._out / stack.name)
        try:
            with progress.step(f"Plan {stack.name}") as step:
                account_of(environment)
                # It would take the folder away in which the Terraform of that apply runs.
                expect_nobody_here(stack.name, state_of(stack.directory))
                saved.begin(stack.directory)
                planned = self._save(saved, environment, stack, step)
                step.conclude(planned.summary)
        except TerraformError as error:
            reason = _reason(error, environment, stack, saved)
            return FailedStack(stack.name, reason.message, reason.details)
        except OperationError as error:
            return FailedStack(stack.name, error.message, error.details)
        return planned

    def _save(self, saved: SavedPlan, environment: Environment, stack: SynthesizedStack, step: Step) -> PlannedStack:
        terraform = Terraform(saved.stack, self._tool.path, changes=self._source.changes, on_line=step.say)
        terraform.init()
        differs = terraform.plan(saved.tfplan, lock=self._lock)
        private_text(saved.document, terraform.show_text(saved.tfplan))
        saved.forget_providers()
        about = saved.finish(
            stack=stack.name,
            environment=environment.name,
            commit=self._commit,
            dirty=self._dirty,
            created=datetime.now(timezone.utc),
            mlinfra=version("mlinfra-cdktf"),
            terraform=".".join(map(str, self._tool.version)),
            changes=differs,
            dependencies=stack.dependencies,
        )
        return PlannedStack(about, saved.folder, saved.summary() if differs else "nothing to change")


def _reason(
    error: TerraformError, environment: Environment, stack: SynthesizedStack, saved: SavedPlan
) -> OperationError:
    """Why `stack` could not be planned, in words that say what to do where mlinfra knows."""
    if lock := held_lock(error.details):
        killed = killed_here(stack.name, state_of(saved.stack))
        return explain(lock, stack.name, saved.stack, killed=killed, now=datetime.now(timezone.utc))
    bucket = environment.names.state_bucket
    if error.command == "init" and "does not exist" in error.details and bucket in error.details:
        message = (
            f"The state bucket of {environment.name!r} is not there. Make it, once: "
            f"{own_command()} bootstrap {environment.name}"
        )
        return OperationError(message)
    depends = error.command == "plan" and stack.dependencies
    waits = f" It depends on {', '.join(stack.dependencies)}: are they applied?" if depends else ""
    return OperationError(f"`terraform {error.command}` failed.{waits}", details=error.details)
