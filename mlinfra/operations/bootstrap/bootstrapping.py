"""Make the bucket, the lock table and the key that hold the state of an environment.

The stack that makes them keeps its own state in that bucket, which is not there the first time. So
the first apply writes its state to a private folder, and then pushes it into the bucket it made.

Every run does the same, however the one before ended: what AWS has and the state does not know is
imported, the difference is applied, and a state that is not in the bucket yet goes there.
"""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from mlinfra.errors import OperationError
from mlinfra.operations.aws import account_of, in_users_terms
from mlinfra.operations.bootstrap.takeover import import_blocks, unmanaged
from mlinfra.operations.bootstrap.workspace import Workspace, workspace
from mlinfra.operations.terraform import (
    OLDEST_TERRAFORM,
    OLDEST_TERRAFORM_WITH_NATIVE_LOCK,
    RemoteState,
    Terraform,
    Version,
    find_terraform,
    parse_state,
    provider_source,
    synthesize,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlinfra.declarations import Environment
    from mlinfra.operations.aws import AwsAccount
    from mlinfra.operations.terraform import Progress, StateLock

_COMPONENT = "state"


@dataclass(frozen=True)
class Bootstrapped:
    """What a bootstrap came to."""

    outcome: Literal["created", "updated", "unchanged"]
    resources: int
    bucket: str
    lock_table: str


def bootstrap(environment: Environment, root: Path, progress: Progress) -> Bootstrapped:
    """Make, finish or update what holds the state of `environment`; where all is well, change nothing.

    Args:
        environment: whose state.
        root: the project that declares it.
        progress: is shown the steps.

    Raises:
        OperationError: where a tool is missing, the credentials are not of the environment's
            account, the bucket is somebody else's, the state is locked, or Terraform fails.
    """
    with progress.step("Check the tools and the account") as step:
        terraform = find_terraform(_oldest_terraform(environment))
        account = account_of(environment)
        source = provider_source(root)
        step.conclude(f"{terraform}, account {account.account_id}")
    with in_users_terms(), _private_folder(environment, progress) as private:
        remote = RemoteState(account, environment, _COMPONENT)
        is_in_bucket = remote.exists()
        if remote.bucket_exists():
            _release_leftovers(remote, private, environment)
        directory = _synthesize(environment, root, private, progress)
        runner = Terraform(directory, terraform.path, changes=source.changes, pass_fds=private.inherited)
        if is_in_bucket:
            changed = _converge(runner, account, private, progress)
        else:
            changed = True
            _make_and_move(runner, account, private, progress)
        return Bootstrapped(
            outcome="created" if not is_in_bucket else "updated" if changed else "unchanged",
            resources=len(runner.state().resources),
            bucket=environment.names.state_bucket,
            lock_table=environment.names.lock_table,
        )


def _oldest_terraform(environment: Environment) -> Version:
    if environment.native_state_lock:
        return OLDEST_TERRAFORM_WITH_NATIVE_LOCK
    return OLDEST_TERRAFORM


@contextmanager
def _private_folder(environment: Environment, progress: Progress) -> Iterator[Workspace]:
    with ExitStack() as until_taken:
        step = until_taken.enter_context(progress.step("Prepare a private folder"))
        with workspace(environment, announce=step.say) as private:
            until_taken.close()
            yield private


def _synthesize(environment: Environment, root: Path, private: Workspace, progress: Progress) -> Path:
    """Write the state stack into the private folder. Returns where it lies."""
    with progress.step("Synthesize the state stack"):
        stacks = synthesize(root, private.path / "out", environment=environment.name, pass_fds=private.inherited)
    directories = {stack.name: stack.directory for stack in stacks}
    stack_id = environment.names.stack_id(_COMPONENT)
    if stack_id not in directories:
        message = (
            f"The project has no stack {stack_id!r}, which a bootstrap deploys. It has: {', '.join(directories)}. Add "
            "StateStack(app, environment) to main.py, from mlinfra."
        )
        raise OperationError(message)
    return directories[stack_id]


def _make_and_move(terraform: Terraform, account: AwsAccount, private: Workspace, progress: Progress) -> None:
    """Apply on a state in the private folder, and then push it into the bucket that this made."""
    local_state = private.path / "local.tfstate"
    override = terraform.directory / "backend_override.tf.json"
    override.write_text(json.dumps({"terraform": {"backend": {"local": {"path": str(local_state)}}}}))
    _converge(terraform, account, private, progress)
    override.unlink()
    with progress.step("Move the state into the bucket"):
        terraform.init()
        # Terraform refuses it where another bootstrap was there first.
        terraform.push_state(local_state)
        if terraform.state().resources != parse_state(local_state.read_text()).resources:
            message = (
                "The state in the bucket is not the one that was written there. Has somebody else deployed at the "
                "same time? Run this again: what is in AWS is taken over."
            )
            raise OperationError(message)


def _converge(terraform: Terraform, account: AwsAccount, private: Workspace, progress: Progress) -> bool:
    """Bring AWS to what the stack says. Returns whether anything had to change."""
    plan = private.path / "plan"
    with progress.step("Plan") as step:
        terraform.init()
        state = terraform.state()
        for address in state.tainted:
            # Interrupted while it was made. It is protected, and the apply mends what is missing.
            terraform.untaint(address)
        stack = json.loads((terraform.directory / "cdk.tf.json").read_text())
        found = unmanaged(stack, state, account)
        (terraform.directory / "imports.tf.json").write_text(json.dumps(import_blocks(found)))
        changes = terraform.plan(plan)
        taken_over = f"; there already, and taken over: {', '.join(found)}" if found else ""
        step.conclude(("differs" if changes else "nothing to change") + taken_over)
    if changes:
        with progress.step("Apply") as step:
            replace(terraform, on_line=step.say).apply(plan)
    return changes


def _release_leftovers(remote: RemoteState, private: Workspace, environment: Environment) -> None:
    """Release the locks that a killed bootstrap of ours left, and mend its checksum.

    Raises:
        OperationError: where somebody else holds the state.
    """
    for lock in remote.locks():
        if private.killed is None or not private.killed.took(lock):
            raise OperationError(_held(lock, environment))
        remote.release(lock)
    if private.killed:
        remote.mend_checksum()


def _held(lock: StateLock, environment: Environment) -> str:
    stack_id = environment.names.stack_id(_COMPONENT)
    return (
        f"The state of {stack_id} is locked by {lock.who} since {lock.created:%Y-%m-%d %H:%M:%S} UTC "
        f"({lock.operation}). Wait until that has ended. If it never will, because its process was killed, release "
        f"the lock: cdktf synth && cd cdktf.out/stacks/{stack_id} && terraform init && terraform force-unlock {lock.id}"
    )
