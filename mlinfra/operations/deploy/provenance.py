"""The commit that a stack was applied from, and the stacks that a commit is applied to."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

from mlinfra.errors import OperationError
from mlinfra.operations.aws import account_of, aws_errors_explained
from mlinfra.operations.deploy import applied_commit, stack_selection
from mlinfra.operations.terraform import RemoteState, Repository

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra.declarations import Environment
    from mlinfra.operations.aws import AwsAccount
    from mlinfra.operations.deploy.applied_commit import AppliedCommit
    from mlinfra.operations.terraform import Distance, Progress, StateVersion


@dataclass(frozen=True)
class StackProvenance:
    """The commit that a stack was applied from."""

    stack: str
    applied: AppliedCommit
    subject: str | None
    """The first line of the commit message; None if the commit is not in this clone."""
    head: str | None
    distance: Distance | None
    """The number of commits that the checkout is ahead and behind; None if the commit is not in this clone."""
    state: Literal["unchanged", "changed", "unknown"]
    """`changed`: since that apply, something else changed the state, such as `cdktf deploy`."""


@dataclass(frozen=True)
class StackAtCommit:
    """A stack of a commit, compared with the applied one."""

    stack: str
    applied: AppliedCommit | None
    match: Literal["commit", "bytes", "other", "unknown"]
    """`commit`: this commit was applied. `bytes`: another commit was applied, with identical synthesized files.
    `other`: other infrastructure is applied. `unknown`: no apply is recorded."""
    state: Literal["unchanged", "changed", "unknown"]
    """`changed`: since the recorded apply, something else changed the state, such as `cdktf deploy`."""


@dataclass(frozen=True)
class CommitProvenance:
    """The stacks of a commit, compared with the applied ones."""

    commit: str
    stacks: tuple[StackAtCommit, ...]
    skipped_environments: tuple[str, ...]
    """Environments of other accounts."""


def stack_provenance(stack: str, root: Path) -> StackProvenance:
    """The commit that `stack` was applied from.

    Raises:
        OperationError: if no environment has such a stack, or no apply of it is recorded.
    """
    candidates = stack_selection.declared_environments_of(stack, root)
    repository = Repository(root)
    for environment in candidates:
        component = environment.names.component_of(stack)
        account = account_of(environment)
        applied = applied_commit.read(account, environment, component)
        if applied:
            head = repository.head()
            known = applied.commit and head
            return StackProvenance(
                stack=stack,
                applied=applied,
                subject=repository.subject(applied.commit) if applied.commit else None,
                head=head,
                distance=repository.distance(str(head), str(applied.commit)) if known else None,
                state=applied.state_since(_version(account, environment, component)),
            )
    message = (
        f"No commit is recorded for {stack!r}. `mlinfra apply` records it in "
        f"{candidates[0].names.parameter(candidates[0].names.component_of(stack), 'commit')}; other ways to deploy do "
        f"not."
    )
    raise OperationError(message)


def commit_provenance(name: str, root: Path, progress: Progress, *, patterns: Sequence[str] = ()) -> CommitProvenance:
    """Compare each stack of a commit with the applied one.

    Args:
        name: the commit, or a branch or tag.
        root: the project.
        progress: receives the steps.
        patterns: the stacks, such as `dev-*`. Default: all stacks of the AWS account in use.

    Raises:
        OperationError: if there is no such commit, or it cannot be synthesized.
    """
    repository = Repository(root)
    commit = repository.commit(name)
    environments = stack_selection.select_environments(root, patterns)
    found: list[StackAtCommit] = []
    with repository.at(commit) as project, TemporaryDirectory(prefix="mlinfra-") as folder:
        for environment in environments.selected:
            if not (project / "environments" / f"{environment.name}.py").is_file():
                continue
            with progress.step(f"Synthesize {environment.name} at {name}"):
                out = Path(folder, environment.name)
                stacks = stack_selection.synthesize_at(project, repository, commit, out, environment=environment.name)
            account = account_of(environment)
            for stack in stacks:
                if not stack_selection.stack_matches(stack.name, patterns):
                    continue
                component = environment.names.component_of(stack.name)
                applied = applied_commit.read(account, environment, component)
                digest = hashlib.sha256((stack.directory / "cdk.tf.json").read_bytes()).hexdigest()
                state = applied.state_since(_version(account, environment, component)) if applied else "unknown"
                found.append(StackAtCommit(stack.name, applied, _match(applied, commit, digest), state))
    return CommitProvenance(commit, tuple(found), tuple(each.name for each in environments.skipped))


def _version(account: AwsAccount, environment: Environment, component: str) -> StateVersion | None:
    with aws_errors_explained():
        return RemoteState(account, environment, component).version()


def _match(applied: AppliedCommit | None, commit: str, digest: str) -> Literal["commit", "bytes", "other", "unknown"]:
    if applied is None:
        return "unknown"
    if applied.commit == commit and not applied.dirty:
        return "commit"
    return "bytes" if applied.sha256 == digest else "other"
