"""Synthesized stacks in a folder, so that they are planned by a process that runs no code of the project.

A pipeline synthesizes a merge request without credentials, and plans the stacks with credentials.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mlinfra.declarations import Environment
from mlinfra.errors import OperationError
from mlinfra.operations.deploy import stack_selection
from mlinfra.operations.terraform import Repository, SynthesizedStack, find_node, require_tools, synthesize

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mlinfra.operations.terraform import Progress

_DESCRIPTION: Final = "synthesis.json"
_FACTS: Final = frozenset(
    {
        "account_id",
        "cost_center",
        "emulated",
        "monthly_spend_limit_usd",
        "name",
        "project",
        "region",
        "repository",
        "team",
    }
)
"""The fields of an environment that a plan requires, and required fields. Others may be unknown to the version of
mlinfra that plans, if a change adds them."""
_STACK_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")
_NO_COMMIT: Final = re.compile("(?:0{40}|0{64})")
"""The value of GitLab and GitHub for the commit before a push if there is none: a new branch, a first push, a pipeline
that was started manually. Sources: GitLab, "Predefined variables", CI_COMMIT_BEFORE_SHA; GitHub, "Webhook events
and payloads", push."""


@dataclass(frozen=True)
class Synthesis:
    """The synthesized stacks of a commit."""

    commit: str | None
    """The commit that was checked out; None if there was none, or the checkout had uncommitted changes."""
    stacks: tuple[tuple[Environment, SynthesizedStack], ...]
    """The selected stacks, each after its dependencies, with their environments: only the fields that plans require."""
    unchanged: tuple[str, ...]
    """Of these, the stacks that are identical to those of the compared commit."""
    removed: tuple[str, ...]
    """Stacks of the compared commit that are no longer declared."""


def synth(
    root: Path,
    progress: Progress,
    *,
    out: Path,
    patterns: Sequence[str] = (),
    changed_since: str | None = None,
) -> Synthesis:
    """Synthesize the stacks of a project to a folder, without access to AWS.

    Args:
        root: the project.
        progress: receives the steps.
        out: the folder. Its earlier content is removed.
        patterns: the stacks, such as `dev-*`. Default: all stacks of all environments.
        changed_since: a commit: stacks that are identical to those of this commit are marked as unchanged. Zeros, the
            value of pipelines for a new branch, mark none. Default: none is marked.

    Raises:
        OperationError: if a tool is missing, a pattern matches no stack, the commit cannot be synthesized, or `out`
            contains other files.
        DeclarationError: if an environment is invalid.
    """
    repository = Repository(root)
    base = base_commit(repository, changed_since, progress)
    with progress.step("Check the tools") as step:
        (node,) = require_tools(find_node)
        step.conclude(str(node))
    _empty(out)
    environments = stack_selection.select_environments(root, patterns or ["*"]).selected
    clean = not repository.uncommitted(ignoring=out)
    stacks = synthesize_all(root, environments, out / "project", progress)
    chosen = stack_selection.select_stacks(stacks, patterns)
    removed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    if base:
        with progress.step(f"Synthesize the stacks at {changed_since}") as step:
            compared = stack_selection.compare(stacks, repository, base, out / "before", patterns=patterns)
            removed = compared.removed
            unchanged = tuple(stack.name for _, stack in chosen if stack.name not in compared.differing)
            step.conclude(f"{len(chosen) - len(unchanged)} changed, {len(unchanged)} unchanged")
    made = Synthesis(repository.head() if clean else None, _moved(chosen, out / "stacks"), unchanged, removed)
    for folder in ("project", "before"):
        shutil.rmtree(out / folder, ignore_errors=True)
    (out / _DESCRIPTION).write_text(json.dumps(_description(made), indent=2) + "\n", encoding="utf-8")
    return made


def base_commit(repository: Repository, changed_since: str | None, progress: Progress) -> str | None:
    """The commit to compare with; None if there is none, and all stacks count as changed."""
    if changed_since is None:
        return None
    if _NO_COMMIT.fullmatch(changed_since):
        with progress.step("Determine the previous commit") as step:
            step.conclude("there is none: all stacks are planned")
        return None
    return repository.commit(changed_since)


def synthesize_all(
    root: Path, environments: Sequence[Environment], folder: Path, progress: Progress
) -> tuple[tuple[Environment, SynthesizedStack], ...]:
    """Synthesize all stacks of `environments` to `folder`."""
    with progress.step("Synthesize the stacks") as step:
        stacks = tuple(
            (environment, stack)
            for environment in environments
            for stack in synthesize(root, folder / environment.name, environment=environment.name)
        )
        step.conclude(f"{len(stacks)} of {', '.join(each.name for each in environments)}")
    return stacks


def read_synthesis(folder: Path) -> Synthesis:
    """The stacks that `synth` wrote to `folder`. No code of the project is run.

    Raises:
        OperationError: if `synth` did not write the folder.
    """
    try:
        facts = json.loads((folder / _DESCRIPTION).read_text(encoding="utf-8"))
        environments = {each.name: each for each in map(Environment.model_validate, facts["environments"])}
        return Synthesis(
            commit=facts["commit"],
            stacks=tuple((environments[each["environment"]], _stack(each, folder)) for each in facts["stacks"]),
            unchanged=tuple(facts["unchanged"]),
            removed=tuple(facts["removed"]),
        )
    except (OSError, ValueError, TypeError, KeyError) as error:
        message = f"{folder} is not a folder that `mlinfra synth` wrote: {error}"
        raise OperationError(message) from None


def _stack(facts: dict[str, Any], folder: Path) -> SynthesizedStack:
    name = str(facts["name"])
    if not _STACK_NAME.fullmatch(name) or not name.startswith(f"{facts['environment']}-"):
        message = f"{name!r} is not a stack of {facts['environment']!r}"
        raise ValueError(message)
    return SynthesizedStack(name, folder / "stacks" / name, tuple(map(str, facts["dependencies"])))


def _moved(
    stacks: Sequence[tuple[Environment, SynthesizedStack]], folder: Path
) -> tuple[tuple[Environment, SynthesizedStack], ...]:
    folder.mkdir()
    for _, stack in stacks:
        shutil.move(stack.directory, folder / stack.name)
    environments = {environment.name: _reduced(environment) for environment, _ in stacks}
    return tuple(
        (environments[environment.name], SynthesizedStack(stack.name, folder / stack.name, stack.dependencies))
        for environment, stack in stacks
    )


def _reduced(environment: Environment) -> Environment:
    return Environment.model_validate(environment.model_dump(mode="json", include=set(_FACTS)))


def _description(made: Synthesis) -> dict[str, Any]:
    environments = {environment.name: environment for environment, _ in made.stacks}
    return {
        "commit": made.commit,
        "environments": [each.model_dump(mode="json", include=set(_FACTS)) for each in environments.values()],
        "stacks": [
            {"name": stack.name, "environment": environment.name, "dependencies": stack.dependencies}
            for environment, stack in made.stacks
        ],
        "unchanged": made.unchanged,
        "removed": made.removed,
    }


def _empty(folder: Path) -> None:
    """Remove an earlier synthesis, and exclude the folder from git.

    Raises:
        OperationError: if the folder contains other files.
    """
    if folder.exists():
        if any(folder.iterdir()) and not (folder / ".gitignore").exists():
            message = (
                f"{folder} contains files that `mlinfra synth` did not write. Nothing was changed. Choose another "
                f"folder with --out."
            )
            raise OperationError(message)
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / ".gitignore").write_text("# Written by mlinfra synth.\n*\n")
