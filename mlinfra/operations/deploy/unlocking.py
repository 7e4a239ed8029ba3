"""Release of a state lock that a killed process left, and repair of the state's checksum."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Literal

from mlinfra.operations.aws import account_of, aws_errors_explained
from mlinfra.operations.deploy.local_apply import killed_local_apply, require_no_local_apply, state_of
from mlinfra.operations.deploy.saved_plan import PLANS_FOLDER, SavedPlan
from mlinfra.operations.deploy.stack_selection import declared_environments_of
from mlinfra.operations.deploy.state_lock import lock_error
from mlinfra.operations.terraform import RemoteState

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mlinfra.declarations import Environment
    from mlinfra.operations.terraform import StateLock, SynthesizedStack


@dataclass(frozen=True)
class Unlocked:
    """The result of a release."""

    stack: str
    released: tuple[StateLock, ...]
    """The released locks. Empty: the state was not locked, or the question was answered with no."""
    was_locked: bool
    checksum: Literal["correct", "repaired", "wrong"]
    """The checksum of the state in the lock table. Terraform rejects a state with a wrong one."""


def unlock(
    stack: str,
    root: Path,
    *,
    confirm: Callable[[StateLock, bool], bool],
    confirm_checksum: Callable[[], bool] = lambda: False,
) -> Unlocked:
    """Release the lock of a stack's state, after a check that no apply of it runs on this machine.

    If the state is not locked afterwards and its checksum in the lock table is wrong, the checksum is repaired.

    Runs on other machines cannot be checked: `confirm` decides.

    Args:
        stack: the id of the stack, such as `dev-data`.
        root: the project.
        confirm: receives the lock, and True if it belongs to an apply of this user that was killed on this machine.
        confirm_checksum: asked before the checksum of a state without a lock is repaired. Default: it is not repaired.

    Raises:
        OperationError: if there is no such stack, an apply of it is running on this machine, or AWS denies a request.
    """
    with aws_errors_explained():
        remote, location = _state_of(stack, root)
        require_no_local_apply(stack, location)
        locks = list({each.id: each for each in remote.locks()}.values())
        killed = killed_local_apply(stack, location)
        released = []
        for lock in locks:
            if confirm(lock, killed is not None and killed.took(lock)):
                remote.release(lock)
                released.append(lock)
        checksum: Literal["correct", "repaired", "wrong"] = "correct"
        if remote.checksum_differs():
            checksum = "wrong"
            # Terraform writes the state first and its checksum afterwards. It may have been killed between the two.
            if len(released) == len(locks) and (released or confirm_checksum()):
                remote.repair_checksum()
                checksum = "repaired"
    return Unlocked(stack, tuple(released), was_locked=bool(locks), checksum=checksum)


def require_unlocked(environment: Environment, stack: SynthesizedStack) -> None:
    """Check that no apply of a stack is running on this machine, and that its state is not locked.

    Raises:
        OperationError: if it is.
    """
    location = state_of(stack.directory)
    require_no_local_apply(stack.name, location)
    for lock in _remote_state(environment, stack.name).locks():
        killed = killed_local_apply(stack.name, location)
        raise lock_error(lock, stack.name, killed=killed, now=datetime.now(timezone.utc))


def earlier_logs(root: Path, stack: str) -> tuple[str, ...]:
    """The output of applies of a stack that did not complete, from its folder in `plans/`."""
    return SavedPlan(root / PLANS_FOLDER / stack).logs()


def _state_of(stack: str, root: Path) -> tuple[RemoteState, str]:
    """The state of a stack, and its location as `local_apply.state_of` writes it."""
    candidates = declared_environments_of(stack, root)
    for environment in candidates:
        remote = _remote_state(environment, stack)
        if remote.exists() or remote.locks() or environment is candidates[-1]:
            return remote, f"{environment.names.state_bucket}/{remote.key}"
    raise AssertionError  # the last candidate was returned


def _remote_state(environment: Environment, stack: str) -> RemoteState:
    return RemoteState(account_of(environment), environment, environment.names.component_of(stack))
