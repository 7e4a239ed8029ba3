"""Which stacks a command is about: by patterns, by the account at hand, and by what differs from another commit."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from mlinfra.declarations import load_environments
from mlinfra.errors import OperationError
from mlinfra.operations.aws import reachable
from mlinfra.operations.terraform import synthesize
from mlinfra.variables import in_force

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mlinfra.declarations import Environment
    from mlinfra.operations.terraform import Repository, SynthesizedStack

_COMPARED = ("cdk.tf.json", ".terraform.lock.hcl")
"""What makes up a stack: its configuration, which names what it uploads by its digest, and its provider's version."""


@dataclass(frozen=True)
class ChosenEnvironments:
    """The environments that patterns can mean."""

    chosen: tuple[Environment, ...]
    left_out: tuple[Environment, ...]
    """Those of other accounts, which are not asked unless they are named."""


@dataclass(frozen=True)
class Comparison:
    """The stacks of two commits, side by side."""

    differing: frozenset[str]
    """New stacks, and those that were others."""
    gone: tuple[str, ...]
    """Stacks that were there, and are declared no longer."""


def choose_environments(root: Path, patterns: Sequence[str]) -> ChosenEnvironments:
    """The environments whose stacks `patterns` can match; without patterns, those of the account at hand.

    Raises:
        OperationError: without patterns, where there are no credentials, or they are of no environment.
    """
    declared = load_environments(root, judged=False)
    if not patterns:
        found = reachable(declared)
        return ChosenEnvironments(found, tuple(each for each in declared if each not in found))
    found = tuple(each for each in declared if any(_may_match(pattern, each.name) for pattern in patterns))
    if not found:
        raise OperationError(_no_match(patterns, [f"{each.name}-*" for each in declared]))
    return ChosenEnvironments(found, ())


def environments_of(stack: str, declared: Sequence[Environment]) -> tuple[Environment, ...]:
    """Which of `declared` can have a stack of this name, the longest name first.

    `prod` and `prod-eu-west-1` may both be environments, and then `prod-eu-west-1-data` is of the second.
    """
    found = [each for each in declared if stack.startswith(f"{each.name}-")]
    return tuple(sorted(found, key=lambda each: -len(each.name)))


def choose_stacks(
    stacks: Sequence[tuple[Environment, SynthesizedStack]], patterns: Sequence[str]
) -> tuple[tuple[Environment, SynthesizedStack], ...]:
    """Those of `stacks` that one of `patterns` matches, as `cdktf deploy` matches them; all without patterns.

    Raises:
        OperationError: where a pattern matches none.
    """
    names = [stack.name for _, stack in stacks]
    idle = [pattern for pattern in patterns if not any(fnmatchcase(name, pattern) for name in names)]
    if idle:
        raise OperationError(_no_match(idle, names))
    return tuple(each for each in stacks if matches(each[1].name, patterns))


def matches(name: str, patterns: Sequence[str]) -> bool:
    """Whether one of `patterns` matches the stack `name`; without patterns, every name is meant."""
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)


def compare(
    stacks: Sequence[tuple[Environment, SynthesizedStack]],
    repository: Repository,
    commit: str,
    out: Path,
    *,
    patterns: Sequence[str],
) -> Comparison:
    """Which of `stacks` differ, byte for byte, from what the project at `commit` synthesizes to.

    Args:
        stacks: what is synthesized now, of the chosen environments.
        repository: where `commit` is.
        commit: what to compare with, in full.
        out: a folder to synthesize to.
        patterns: which stacks to miss where they are gone; all without patterns.

    Raises:
        OperationError: where the project at `commit` cannot be synthesized.
    """
    environments = tuple(dict.fromkeys(environment.name for environment, _ in stacks))
    with repository.at(commit) as project:
        declared = {path.stem for path in project.glob("environments/*.py") if not path.stem.startswith("_")}
        before = {
            stack.name: stack
            for name in environments
            if name in declared
            for stack in synthesize_at(project, repository, commit, out / name, environment=name)
        }
    now = {stack.name: stack for _, stack in stacks}
    return Comparison(
        differing=frozenset(
            name for name in now if name not in before or _content(now[name]) != _content(before[name])
        ),
        gone=tuple(name for name in before if name not in now and matches(name, patterns)),
    )


def synthesize_at(
    project: Path, repository: Repository, commit: str, out: Path, *, environment: str
) -> tuple[SynthesizedStack, ...]:
    """The stacks of one environment of the project as it was at `commit`, with the Python and packages of today.

    Expiries are judged as of the day of the commit: what has expired since was declared rightly.

    Raises:
        OperationError: where it cannot be synthesized.
    """
    today = os.environ.get("MLINFRA_TODAY") or repository.day(commit).isoformat()
    try:
        with in_force({"MLINFRA_TODAY": today}):
            return synthesize(project, out, environment=environment)
    except OperationError as error:
        message = (
            f"The commit {commit[:12]} cannot be synthesized for {environment!r} with the Python and packages that "
            f"are installed now, so there is nothing to compare with"
        )
        raise OperationError(message, details=error.details or error.message) from None


def _content(stack: SynthesizedStack) -> tuple[bytes, ...]:
    files = (stack.directory / name for name in _COMPARED)
    return tuple(path.read_bytes() if path.is_file() else b"" for path in files)


def _may_match(pattern: str, environment: str) -> bool:
    """Whether `pattern` can match a stack of `environment`, as far as the part before its first wildcard tells."""
    literal = pattern
    for wildcard in "*?[":
        literal = literal.partition(wildcard)[0]
    prefix = f"{environment}-"
    return literal.startswith(prefix) or (literal != pattern and prefix.startswith(literal))


def _no_match(patterns: Sequence[str], names: Sequence[str]) -> str:
    written = ", ".join(repr(each) for each in patterns)
    return f"No stack matches {written}. Expected: one of {', '.join(names)}; * stands for any letters."
