"""Estimated costs of the stacks of a project, and their difference from those of another commit."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mlinfra.declarations import load_environments
from mlinfra.errors import OperationError
from mlinfra.operations.cost import Comparison, Estimate, estimate_stack, read_stack, together
from mlinfra.operations.deploy import stack_selection
from mlinfra.operations.deploy.synthesizing import synthesize_all
from mlinfra.operations.terraform import Repository, find_node, require_tools

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from mlinfra.declarations import Environment
    from mlinfra.operations.terraform import Progress, SynthesizedStack


def estimate_costs(
    root: Path, progress: Progress, *, patterns: Sequence[str] = (), synthesized: Path | None = None, today: date
) -> Estimate:
    """Estimate the cost of the stacks of a project, without access to the network.

    Args:
        root: the project.
        progress: receives the steps.
        patterns: the stacks, such as `dev-*`. Default: all stacks of all environments except those of a local AWS,
            which costs nothing.
        synthesized: the folder that `synth` wrote. Default: the stacks are synthesized.
        today: the first day of the estimated month.

    Raises:
        OperationError: if a tool is missing, or a pattern matches no stack.
        DeclarationError: if an environment is invalid.
    """
    if synthesized is not None:
        return _of_folder(synthesized, load_environments(root, judged=False), patterns, today)
    with tempfile.TemporaryDirectory(prefix="mlinfra-") as folder:
        return _present(root, progress, patterns, Path(folder), today)


def compare_costs(root: Path, progress: Progress, ref: str, *, patterns: Sequence[str] = (), today: date) -> Comparison:
    """Estimate the cost of the stacks of a project now and at another commit, with the same assumptions and prices.

    Args:
        root: the project.
        progress: receives the steps.
        ref: the other commit, such as origin/main.
        patterns: the stacks, such as `dev-*`. Default: all stacks of all environments of both commits, except those of
            a local AWS.
        today: the first day of the estimated month.

    Raises:
        OperationError: if the commit does not exist or cannot be synthesized, or a pattern matches no stack.
        DeclarationError: if an environment is invalid.
    """
    repository = Repository(root)
    commit = repository.commit(ref)
    with tempfile.TemporaryDirectory(prefix="mlinfra-") as folder:
        after = _present(root, progress, patterns, Path(folder, "after"), today)
        declared = load_environments(root, judged=False)
        with progress.step(f"Synthesize the stacks at {ref}") as step, repository.at(commit) as project:
            files = sorted(project.glob("environments/*.py"))
            names = [path.stem for path in files if not path.stem.startswith("_")]
            emulated = {each.name for each in declared if each.emulated and not patterns}
            wanted = [each for each in names if each not in emulated and stack_selection.may_match_any(patterns, each)]
            stacks = [
                stack
                for name in wanted
                for stack in stack_selection.synthesize_at(
                    project, repository, commit, Path(folder, "before", name), environment=name
                )
                if stack_selection.stack_matches(stack.name, patterns)
            ]
            step.conclude(f"{len(stacks)} of {', '.join(wanted) or 'no environment'}")
            before = _estimate(stacks, declared, today)
    return Comparison(before, after)


def _present(root: Path, progress: Progress, patterns: Sequence[str], folder: Path, today: date) -> Estimate:
    with progress.step("Check the tools") as step:
        (node,) = require_tools(find_node)
        step.conclude(str(node))
    selected = stack_selection.select_environments(root, patterns or ["*"]).selected
    environments = tuple(each for each in selected if patterns or not each.emulated)
    stacks = synthesize_all(root, environments, folder, progress)
    chosen = stack_selection.select_stacks(stacks, patterns)
    return _estimate([stack for _, stack in chosen], environments, today)


def _of_folder(folder: Path, declared: Sequence[Environment], patterns: Sequence[str], today: date) -> Estimate:
    found = sorted(file.parent for file in folder.glob("stacks/*/cdk.tf.json"))
    names = [each.name for each in found]
    if not found:
        message = f"{folder} has no synthesized stacks. Expected: a folder that `mlinfra synth` wrote."
        raise OperationError(message)
    chosen = [each for each in found if _is_chosen(each.name, declared, patterns)]
    if not chosen:
        message = f"No stack in {folder} matches {', '.join(map(repr, patterns))}. Expected: one of {', '.join(names)}."
        raise OperationError(message)
    return together(estimate_stack(read_stack(each), _environment(each.name, declared), today=today) for each in chosen)


def _is_chosen(stack: str, declared: Sequence[Environment], patterns: Sequence[str]) -> bool:
    environment = _environment(stack, declared)
    is_real = environment is None or not environment.emulated
    return stack_selection.stack_matches(stack, patterns) and (bool(patterns) or is_real)


def _estimate(stacks: Iterable[SynthesizedStack], declared: Sequence[Environment], today: date) -> Estimate:
    return together(
        estimate_stack(read_stack(each.directory), _environment(each.name, declared), today=today) for each in stacks
    )


def _environment(stack: str, declared: Sequence[Environment]) -> Environment | None:
    return next(iter(stack_selection.environments_of(stack, declared)), None)
