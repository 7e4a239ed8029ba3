"""Selection of stacks: by patterns, by the AWS account in use, and by comparison with another commit."""

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
"""The files that define a stack: its configuration, which includes the digests of uploaded files, and the provider's
version."""


@dataclass(frozen=True)
class SelectedEnvironments:
    """The environments that patterns can match."""

    selected: tuple[Environment, ...]
    skipped: tuple[Environment, ...]
    """Environments of other accounts, which are skipped unless a pattern matches them."""


@dataclass(frozen=True)
class Comparison:
    """The stacks of two commits, side by side."""

    differing: frozenset[str]
    """New and changed stacks."""
    removed: tuple[str, ...]
    """Stacks that are no longer declared."""


def select_environments(root: Path, patterns: Sequence[str], *, only: str | None = None) -> SelectedEnvironments:
    """The environments whose stacks `patterns` can match; without patterns, those of the AWS account in use.

    Args:
        root: the project.
        patterns: the stacks, such as `dev-*`.
        only: the name of the only environment to consider. Default: all.

    Raises:
        OperationError: without patterns, if there are no credentials, or they belong to no environment.
    """
    declared = load_environments(root, only=only, judged=False)
    if not patterns:
        found = reachable(declared)
        return SelectedEnvironments(found, tuple(each for each in declared if each not in found))
    found = tuple(each for each in declared if any(_may_match(pattern, each.name) for pattern in patterns))
    if not found:
        raise OperationError(_no_match(patterns, [f"{each.name}-*" for each in declared]))
    return SelectedEnvironments(found, ())


def environments_of(stack: str, declared: Sequence[Environment]) -> tuple[Environment, ...]:
    """The environments of `declared` that can have a stack of this name, the longest name first.

    If `prod` and `prod-eu-west-1` are environments, `prod-eu-west-1-data` belongs to the second.
    """
    found = [each for each in declared if stack.startswith(f"{each.name}-")]
    return tuple(sorted(found, key=lambda each: -len(each.name)))


def declared_environments_of(stack: str, root: Path) -> tuple[Environment, ...]:
    """The environments of the project at `root` that can have the stack, the longest name first.

    Raises:
        OperationError: if there is none.
    """
    declared = load_environments(root, judged=False)
    found = environments_of(stack, declared)
    if not found:
        expected = ", ".join(f"{each.name}-*" for each in declared)
        message = f"{stack!r} is not a stack of a declared environment. Expected: one of {expected}."
        raise OperationError(message)
    return found


def select_stacks(
    stacks: Sequence[tuple[Environment, SynthesizedStack]], patterns: Sequence[str]
) -> tuple[tuple[Environment, SynthesizedStack], ...]:
    """The stacks that one of `patterns` matches, by the rules of `cdktf deploy`; without patterns, all.

    Raises:
        OperationError: if a pattern matches no stack.
    """
    names = [stack.name for _, stack in stacks]
    unused = [pattern for pattern in patterns if not any(fnmatchcase(name, pattern) for name in names)]
    if unused:
        raise OperationError(_no_match(unused, names))
    return tuple(each for each in stacks if stack_matches(each[1].name, patterns))


def stack_matches(name: str, patterns: Sequence[str]) -> bool:
    """True if one of `patterns` matches the stack `name`, or there are no patterns. `*` matches any text."""
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)


def compare(
    stacks: Sequence[tuple[Environment, SynthesizedStack]],
    repository: Repository,
    commit: str,
    out: Path,
    *,
    patterns: Sequence[str],
) -> Comparison:
    """Compare `stacks`, byte for byte, with the stacks of the project at `commit`.

    Args:
        stacks: the synthesized stacks of the selected environments.
        repository: the repository of `commit`.
        commit: the full hash of the commit to compare with.
        out: a folder to synthesize to.
        patterns: the stacks to report if they were removed. Without patterns: all.

    Raises:
        OperationError: if the project at `commit` cannot be synthesized.
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
        removed=tuple(name for name in before if name not in now and stack_matches(name, patterns)),
    )


def synthesize_at(
    project: Path, repository: Repository, commit: str, out: Path, *, environment: str
) -> tuple[SynthesizedStack, ...]:
    """The stacks of one environment of the project at `commit`, with the installed Python and packages.

    Expiry is evaluated at the date of the commit.

    Raises:
        OperationError: if it cannot be synthesized.
    """
    today = os.environ.get("MLINFRA_TODAY") or repository.day(commit).isoformat()
    try:
        with in_force({"MLINFRA_TODAY": today}):
            return synthesize(project, out, environment=environment)
    except OperationError as error:
        message = (
            f"The commit {commit[:12]} cannot be synthesized for {environment!r} with the installed Python and "
            f"packages, so the stacks cannot be compared with it. Choose another commit"
        )
        raise OperationError(message, details=error.details or error.message) from None


def _content(stack: SynthesizedStack) -> tuple[bytes, ...]:
    files = (stack.directory / name for name in _COMPARED)
    return tuple(path.read_bytes() if path.is_file() else b"" for path in files)


def may_match_any(patterns: Sequence[str], environment: str) -> bool:
    """True if one of `patterns` can match a stack of `environment`, or there are no patterns."""
    return not patterns or any(_may_match(pattern, environment) for pattern in patterns)


def _may_match(pattern: str, environment: str) -> bool:
    """True if `pattern` can match a stack of `environment`, by the text before its first wildcard."""
    literal = pattern
    for wildcard in "*?[":
        literal = literal.partition(wildcard)[0]
    prefix = f"{environment}-"
    return literal.startswith(prefix) or (literal != pattern and prefix.startswith(literal))


def _no_match(patterns: Sequence[str], names: Sequence[str]) -> str:
    written = ", ".join(repr(each) for each in patterns)
    return f"No stack matches {written}. Expected: one of {', '.join(names)}; * matches any text."
