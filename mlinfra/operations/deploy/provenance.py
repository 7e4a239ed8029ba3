"""Which commit made a stack, and where the infrastructure of a commit is applied."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

from mlinfra.declarations import load_environments
from mlinfra.errors import OperationError
from mlinfra.operations.aws import account_of
from mlinfra.operations.deploy import applied_commit, chosen_stacks
from mlinfra.operations.terraform import Repository

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra.operations.deploy.applied_commit import AppliedCommit
    from mlinfra.operations.terraform import Distance, Progress


@dataclass(frozen=True)
class Origin:
    """The commit that made a stack."""

    stack: str
    applied: AppliedCommit
    subject: str | None
    """The first line of the commit's message; None where this clone does not have it."""
    head: str | None
    distance: Distance | None
    """How far what is checked out is ahead of it, and behind; None where this clone does not have it."""


@dataclass(frozen=True)
class StackAtCommit:
    """A stack of a commit, beside what is applied."""

    stack: str
    applied: AppliedCommit | None
    match: Literal["commit", "bytes", "other", "unknown"]
    """`commit`: this very commit was applied. `bytes`: another one was, which synthesizes to the same.
    `other`: something else is applied. `unknown`: nothing is recorded."""


@dataclass(frozen=True)
class Whereabouts:
    """Where a commit is applied."""

    commit: str
    stacks: tuple[StackAtCommit, ...]
    environments_left_out: tuple[str, ...]
    """Environments of other accounts."""


def stack_provenance(stack: str, root: Path) -> Origin:
    """Which commit made `stack`.

    Raises:
        OperationError: where no environment has such a stack, or no apply of it is recorded.
    """
    declared = load_environments(root, judged=False)
    candidates = chosen_stacks.environments_of(stack, declared)
    if not candidates:
        message = (
            f"No environment has a stack {stack!r}. Expected: one of {', '.join(f'{e.name}-*' for e in declared)}."
        )
        raise OperationError(message)
    repository = Repository(root)
    for environment in candidates:
        component = environment.names.component_of(stack)
        applied = applied_commit.read(account_of(environment), environment, component)
        if applied:
            head = repository.head()
            known = applied.commit and head
            return Origin(
                stack=stack,
                applied=applied,
                subject=repository.subject(applied.commit) if applied.commit else None,
                head=head,
                distance=repository.distance(str(head), str(applied.commit)) if known else None,
            )
    message = (
        f"No commit is recorded for {stack!r}: it was never applied by `mlinfra apply`, which records it in "
        f"{candidates[0].names.parameter(candidates[0].names.component_of(stack), 'commit')}."
    )
    raise OperationError(message)


def commit_provenance(name: str, root: Path, progress: Progress, *, patterns: Sequence[str] = ()) -> Whereabouts:
    """For each stack of a commit, whether its infrastructure is what is applied.

    Args:
        name: the commit, or a branch or tag.
        root: the project.
        progress: is shown the steps.
        patterns: which stacks. Default: all of the account that the credentials at hand are of.

    Raises:
        OperationError: where there is no such commit, or it cannot be synthesized.
    """
    repository = Repository(root)
    commit = repository.commit(name)
    environments = chosen_stacks.choose_environments(root, patterns)
    found: list[StackAtCommit] = []
    with repository.at(commit) as project, TemporaryDirectory(prefix="mlinfra-") as folder:
        for environment in environments.chosen:
            if not (project / "environments" / f"{environment.name}.py").is_file():
                continue
            with progress.step(f"Synthesize {environment.name} of {name}"):
                out = Path(folder, environment.name)
                stacks = chosen_stacks.synthesize_at(project, repository, commit, out, environment=environment.name)
            account = account_of(environment)
            for stack in stacks:
                if not chosen_stacks.matches(stack.name, patterns):
                    continue
                component = environment.names.component_of(stack.name)
                applied = applied_commit.read(account, environment, component)
                digest = hashlib.sha256((stack.directory / "cdk.tf.json").read_bytes()).hexdigest()
                found.append(StackAtCommit(stack.name, applied, _match(applied, commit, digest)))
    return Whereabouts(commit, tuple(found), tuple(each.name for each in environments.left_out))


def _match(applied: AppliedCommit | None, commit: str, digest: str) -> Literal["commit", "bytes", "other", "unknown"]:
    if applied is None:
        return "unknown"
    if applied.commit == commit and not applied.dirty:
        return "commit"
    return "bytes" if applied.sha256 == digest else "other"
