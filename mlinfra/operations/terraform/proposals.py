"""Plans of a stack with proposed records, before they are written into the project."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mlinfra.command import own_command
from mlinfra.errors import OperationError
from mlinfra.operations.terraform.project import synthesize
from mlinfra.operations.terraform.remote_state import RemoteState
from mlinfra.variables import in_force

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from mlinfra.declarations import Environment
    from mlinfra.operations.aws import AwsAccount
    from mlinfra.operations.terraform.terraform import Terraform


@dataclass
class ProposedStack:
    """One stack of an environment, synthesized with proposed records in a folder of its own."""

    environment: str
    stack_id: str
    root: Path
    terraform: Terraform
    """Terraform in an empty folder, private to this user: plans may contain secrets."""

    def synthesize(self, records: Mapping[str, str]) -> Path:
        """Synthesize the stack with `records` in place of the project's files of the same names.

        Args:
            records: file contents by file name, such as `dev.adopted.json`.

        Returns:
            The folder of the stack.

        Raises:
            OperationError: if the stacks cannot be synthesized, or there is no such stack.
        """
        from mlinfra.declarations import RECORDS_VARIABLE

        proposed = self.terraform.directory / "records"
        shutil.rmtree(proposed, ignore_errors=True)
        proposed.mkdir(parents=True)
        for path in (self.root / "environments").glob("*.json"):
            shutil.copyfile(path, proposed / path.name)
        for name, text in records.items():
            (proposed / name).write_text(text, encoding="utf-8")
        with in_force({RECORDS_VARIABLE: str(proposed)}):
            stacks = synthesize(self.root, self.terraform.directory / "out", environment=self.environment)
        directory = next((each.directory for each in stacks if each.name == self.stack_id), None)
        if directory is None:
            message = (
                f"The project has no stack {self.stack_id!r}. Its stacks: {', '.join(each.name for each in stacks)}. "
                f"Adopted resources are in AdoptedStack of mlinfra.stacks.adopted; add it to main.py: see "
                f"docs/adopt.md."
            )
            raise OperationError(message)
        return directory

    def state(self) -> Mapping[str, str | None]:
        """The resources in the stack's state: ids in AWS by address.

        Raises:
            OperationError: if the project has no such stack.
        """
        directory = self.synthesize({})
        terraform = replace(self.terraform, directory=directory)
        terraform.init()
        return terraform.state().resources

    def plan(self, records: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
        """Plan the stack with `records`.

        Returns:
            Terraform's error, empty if there was none; and the plan as JSON, in Terraform's documented format.
        """
        directory = self.synthesize(records)
        terraform = replace(self.terraform, directory=directory)
        terraform.init()
        plan = directory / "proposed.tfplan"
        plan.unlink(missing_ok=True)
        error = terraform.try_plan(plan)
        return error, {} if error else terraform.show(plan)


def proposed_stack(
    environment: Environment, root: Path, account: AwsAccount, terraform: Terraform, component: str
) -> ProposedStack:
    """The stack of `component`, after a check that its state bucket exists.

    Raises:
        OperationError: if the bucket does not exist.
    """
    if not RemoteState(account, environment, component).bucket_exists():
        message = (
            f"The state bucket of {environment.name!r}, {environment.names.state_bucket}, does not exist. Create it "
            f"first: {own_command()} bootstrap {environment.name}"
        )
        raise OperationError(message)
    return ProposedStack(environment.name, environment.names.stack_id(component), root, terraform)
