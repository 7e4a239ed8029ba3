"""Bootstrap: the bucket, lock table and key that hold the state of an environment.

The stack that creates them keeps its own state in that bucket, which does not exist at first. The first apply therefore
writes its state to a private folder, and pushes it into the bucket afterwards.

Every run does the same, however the previous one ended: resources that exist in AWS and not in the state are imported,
the difference is applied, and a state that is not in the bucket is pushed.
"""

from __future__ import annotations

import json
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from mlinfra.command import own_command
from mlinfra.errors import OperationError
from mlinfra.operations.aws import account_of, aws_errors_explained
from mlinfra.operations.bootstrap.takeover import import_blocks, unmanaged
from mlinfra.operations.bootstrap.workspace import Workspace, workspace
from mlinfra.operations.terraform import (
    RemoteState,
    Terraform,
    find_node,
    find_terraform,
    oldest_terraform,
    parse_state,
    provider_source,
    require_tools,
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
    """The result of a bootstrap."""

    outcome: Literal["created", "updated", "unchanged"]
    resources: int
    bucket: str
    lock_table: str


def bootstrap(environment: Environment, root: Path, progress: Progress) -> Bootstrapped:
    """Create, complete or update the remote state of `environment`. If nothing differs, nothing is changed.

    Args:
        environment: the environment.
        root: the project that declares it.
        progress: receives the steps.

    Raises:
        OperationError: if a tool is missing, the credentials belong to another account, the bucket belongs to another
            account, the state is locked, or Terraform fails.
    """
    with progress.step("Check the tools and the account") as step:
        terraform, node = require_tools(lambda: find_terraform(oldest_terraform([environment])), find_node)
        account = account_of(environment)
        source = provider_source(root)
        step.conclude(f"{terraform}, {node}, account {account.account_id}")
    with aws_errors_explained(), _private_folder(environment, progress) as private:
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
            _create_and_push(runner, account, private, progress)
        return Bootstrapped(
            outcome="created" if not is_in_bucket else "updated" if changed else "unchanged",
            resources=len(runner.state().resources),
            bucket=environment.names.state_bucket,
            lock_table=environment.names.lock_table,
        )


def state_after_interruption(environment: Environment) -> str:
    """The state after an interrupted bootstrap, and how to continue."""
    return (
        f"A part of the remote state of {environment.name!r} may have been created, such as the bucket "
        f"{environment.names.state_bucket}. Nothing has to be removed: run `{own_command()} bootstrap "
        f"{environment.name}` again, which takes over what exists and completes it."
    )


@contextmanager
def _private_folder(environment: Environment, progress: Progress) -> Iterator[Workspace]:
    with ExitStack() as until_taken:
        step = until_taken.enter_context(progress.step("Prepare a private folder"))
        with workspace(environment, announce=step.say) as private:
            until_taken.close()
            yield private


def _synthesize(environment: Environment, root: Path, private: Workspace, progress: Progress) -> Path:
    """Write the state stack into the private folder. Returns its folder."""
    with progress.step("Synthesize the state stack"):
        stacks = synthesize(root, private.path / "out", environment=environment.name, pass_fds=private.inherited)
    directories = {stack.name: stack.directory for stack in stacks}
    stack_id = environment.names.stack_id(_COMPONENT)
    if stack_id not in directories:
        message = (
            f"The project has no stack {stack_id!r}, which a bootstrap deploys. Its stacks: {', '.join(directories)}. "
            "Add StateStack(app, environment) of mlinfra.stacks.state to main.py."
        )
        raise OperationError(message)
    return directories[stack_id]


def _create_and_push(terraform: Terraform, account: AwsAccount, private: Workspace, progress: Progress) -> None:
    """Apply with a state in the private folder, and push it into the created bucket."""
    local_state = private.path / "local.tfstate"
    override = terraform.directory / "backend_override.tf.json"
    override.write_text(json.dumps({"terraform": {"backend": {"local": {"path": str(local_state)}}}}))
    _converge(terraform, account, private, progress)
    override.unlink()
    with progress.step("Move the state into the bucket"):
        terraform.init()
        # Terraform refuses this if another bootstrap has pushed a state.
        terraform.push_state(local_state)
        if terraform.state().resources != parse_state(local_state.read_text()).resources:
            message = (
                "The state in the bucket differs from the state that was written, as after another deployment at the "
                "same time. Run the command again: it takes over the existing resources."
            )
            raise OperationError(message)


def _converge(terraform: Terraform, account: AwsAccount, private: Workspace, progress: Progress) -> bool:
    """Apply the stack. Returns True if anything was changed."""
    plan = private.path / "plan"
    with progress.step("Plan") as step:
        terraform.init()
        state = terraform.state()
        for address in state.tainted:
            # Its creation was interrupted. It is protected from destruction, and the apply completes it.
            terraform.untaint(address)
        stack = json.loads((terraform.directory / "cdk.tf.json").read_text())
        found = unmanaged(stack, state, account)
        (terraform.directory / "imports.tf.json").write_text(json.dumps(import_blocks(found)))
        changes = terraform.plan(plan)
        taken_over = f"; existing resources, taken over: {', '.join(found)}" if found else ""
        step.conclude(("changes" if changes else "nothing to change") + taken_over)
    if changes:
        with progress.step("Apply") as step:
            replace(terraform, on_line=step.say).apply(plan, log=private.path / "apply.log")
    return changes


def _release_leftovers(remote: RemoteState, private: Workspace, environment: Environment) -> None:
    """Release the locks of a killed bootstrap of this user and machine, and repair its checksum.

    Raises:
        OperationError: if another process has locked the state.
    """
    for lock in remote.locks():
        if private.killed is None or not private.killed.took(lock):
            raise OperationError(_held(lock, environment))
        remote.release(lock)
    if private.killed:
        remote.repair_checksum()


def _held(lock: StateLock, environment: Environment) -> str:
    stack_id = environment.names.stack_id(_COMPONENT)
    return (
        f"The state of {stack_id} is locked by {lock.who} since {lock.created:%Y-%m-%d %H:%M:%S} UTC "
        f"({lock.operation}). Wait until that run has completed. If its process was killed, release the lock: "
        f"{own_command()} unlock {stack_id}"
    )
