"""Destruction of the stacks of an environment, each before the stacks that it depends on.

Everything that can be refused is refused before anything is destroyed: protected stacks, running work, and data that
AWS does not delete with its resource.
"""

from __future__ import annotations

import shutil
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mlinfra.command import own_command
from mlinfra.declarations import load_environments
from mlinfra.errors import OperationError
from mlinfra.functions.counting import counted
from mlinfra.operations.aws import account_of, aws_errors_explained
from mlinfra.operations.deploy import (
    PLANS_FOLDER,
    SavedPlan,
    apply,
    prepared_plans,
    remove_applied_commit,
    stack_matches,
)
from mlinfra.operations.destroy.consequences import consequences
from mlinfra.operations.destroy.obstacles import obstacles
from mlinfra.operations.destroy.planned import doomed_resources
from mlinfra.operations.destroy.selection import KeptStack, select
from mlinfra.operations.review import Report
from mlinfra.operations.terraform import RemoteState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    from mlinfra.declarations import Environment
    from mlinfra.operations.aws import AwsAccount
    from mlinfra.operations.deploy import FailedStack, PlannedStack
    from mlinfra.operations.destroy.consequences import Consequence
    from mlinfra.operations.destroy.obstacles import Obstacle
    from mlinfra.operations.terraform import Progress

_FOLDER: Final = Path(PLANS_FOLDER) / "destroy"
"""The folder of the plans, in the project. `mlinfra apply` without names does not look here."""


@dataclass(frozen=True)
class Destroyed:
    """A stack whose resources were destroyed."""

    stack: str
    resources: int


@dataclass(frozen=True)
class Destruction:
    """A planned destruction."""

    environment: Environment
    root: Path
    account: AwsAccount
    planned: tuple[PlannedStack, ...]
    """The plans, in the order of their application."""
    resources: Mapping[str, int]
    """The number of resources to destroy, by stack."""
    kept: tuple[KeptStack, ...]
    undeclared: tuple[str, ...]
    """Components with a state in the bucket, and without a stack in this commit. They are not destroyed."""
    obstacles: tuple[Obstacle, ...]
    consequences: tuple[Consequence, ...]

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders of the plans."""
        return tuple(each.folder for each in self.planned)

    def require_possible(self) -> None:
        """Check that nothing prevents the destruction.

        Raises:
            OperationError: with all obstacles.
        """
        if not self.obstacles:
            return
        details = "\n".join(f"{each.stack}: {each.text}. To continue: {each.remedy}" for each in self.obstacles)
        count = len(self.obstacles)
        message = f"Nothing was destroyed, because of {counted(count, 'obstacle')}."
        raise OperationError(message, details=details)

    def run(self, progress: Progress, *, today: date, begin: Callable[[Sequence[Path]], None]) -> tuple[Destroyed, ...]:
        """Destroy the stacks.

        Args:
            progress: receives the steps.
            today: the present day.
            begin: receives the folder of each plan before it is applied.

        Raises:
            OperationError: if a stack cannot be destroyed completely, with the stacks that were.
        """
        self.require_possible()
        done: list[Destroyed] = []
        for each in self.planned:
            stack = each.about.stack
            begin([each.folder])
            try:
                # The typed name of the environment is the consent: the review would hold each resource.
                apply([each.folder], self.root, progress, today=today, review=_approved, allow_dirty=True)
                remove_applied_commit(self.account, self.environment, each.about.component)
            except OperationError as error:
                names = ", ".join(one.stack for one in done) or "none"
                message = (
                    f"{error.message}\nDestroyed before: {names}. Afterwards run `{own_command()} destroy "
                    f"{self.environment.name}` again, which continues with the remaining resources."
                )
                raise OperationError(message, details=error.details) from None
            shutil.rmtree(each.folder, ignore_errors=True)
            done.append(Destroyed(stack, self.resources[stack]))
        return tuple(done)


def _approved(*_: object, **__: object) -> Report:
    return Report((), ())


@contextmanager
def prepared_destruction(
    name: str, root: Path, progress: Progress, *, stacks: Sequence[str] = (), in_use: bool = False
) -> Iterator[Destruction]:
    """Plan the destruction of an environment, or of some of its stacks, until the end of the block.

    Args:
        name: the environment.
        root: the project.
        progress: receives the steps.
        stacks: the stacks or patterns, such as `dev-training`. Default: all that can be destroyed. Stacks with
            protected data and their dependencies stay, and the stack of the state.
        in_use: True: destroy endpoints although they receive requests. Default: False.

    Raises:
        OperationError: if a named stack is protected, needed by another one or of another environment, or cannot be
            planned.
        DeclarationError: if the environment is invalid.
    """
    destruction = _planned(name, root, progress, stacks=stacks, in_use=in_use)
    try:
        yield destruction
    finally:
        for each in destruction.folders:
            _remove_unused(each)


def _planned(name: str, root: Path, progress: Progress, *, stacks: Sequence[str], in_use: bool) -> Destruction:
    (environment,) = load_environments(root, only=name, judged=False)
    account = account_of(environment)
    with prepared_plans(root, progress, patterns=[f"{name}-*"], environment=name, out=root / _FOLDER) as prepared:
        own = prepared.stacks
        if prepared.failed:
            raise _not_planned(prepared.failed)
        _require_stacks(stacks, [each.name for each in own], name)
        declared = {environment.names.component_of(each.name): each.name for each in own}
        with progress.step("Read the states") as step, aws_errors_explained():
            present = RemoteState.components(account, environment)
            resources = {
                stack: RemoteState(account, environment, component).addresses()
                for component, stack in declared.items()
                if component in present
            }
            step.conclude(counted(sum(map(len, resources.values())), "resource"))
        selection = select(environment, own, resources, stacks)
        planned, failed_plans = prepared.plan(selection.chosen, destroy=True)
        if failed_plans:
            raise _not_planned(failed_plans)
    with progress.step("Check for running work and data"), aws_errors_explained():
        doomed = [one for each in planned for one in doomed_resources(each.about.stack, each.folder / "plan.json")]
        return Destruction(
            environment=environment,
            root=root,
            account=account,
            planned=tuple(each for each in planned if each.about.changes),
            resources=Counter(each.stack for each in doomed),
            kept=selection.kept,
            undeclared=tuple(sorted(present - declared.keys())),
            obstacles=obstacles(doomed, environment, account, in_use=in_use),
            consequences=consequences(doomed, environment, account),
        )


def _require_stacks(patterns: Sequence[str], names: Sequence[str], environment: str) -> None:
    """Check that each of `patterns` matches a stack of the environment.

    Raises:
        OperationError: if one does not.
    """
    for each in patterns:
        if not any(stack_matches(name, [each]) for name in names):
            message = (
                f"{each!r} matches no stack of the environment {environment!r}. Nothing was destroyed. Its stacks: "
                f"{', '.join(names)}."
            )
            raise OperationError(message)


def _not_planned(failed: Sequence[FailedStack]) -> OperationError:
    names = ", ".join(each.stack for each in failed)
    details = "\n".join(map(str, failed))
    return OperationError(f"Nothing was destroyed. Not planned: {names}.", details=details)


def _remove_unused(folder: Path) -> None:
    """Remove a plan, unless its apply was begun: then its files show what was destroyed."""
    if folder.is_dir() and SavedPlan(folder).attempt() is None:
        shutil.rmtree(folder, ignore_errors=True)
