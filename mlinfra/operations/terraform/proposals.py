"""A plan of a stack as it would be with records that are not written into the project yet."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mlinfra.command import own_command
from mlinfra.declarations import RECORDS_VARIABLE
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
    """In an empty folder, private to this user: plans may hold secrets."""

    def synthesize(self, records: Mapping[str, str]) -> Path:
        """Write the stack with `records` instead of those of the project where they have the same name.

        Args:
            records: texts by the name of their file, such as `dev.adopted.json`.

        Returns:
            The folder that Terraform runs in.

        Raises:
            OperationError: where the stacks cannot be synthesized, or there is no such stack.
        """
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
                f"The project has no stack {self.stack_id!r}. It has: {', '.join(each.name for each in stacks)}. What "
                f"is adopted stands in AdoptedStack of mlinfra.stacks.adopted, which main.py makes: see docs/adopt.md."
            )
            raise OperationError(message)
        return directory

    def state(self) -> Mapping[str, str | None]:
        """What the stack's state has now: ids in AWS by address.

        Raises:
            OperationError: where the project has no such stack.
        """
        directory = self.synthesize({})
        terraform = replace(self.terraform, directory=directory)
        terraform.init()
        return terraform.state().resources

    def plan(self, records: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
        """Plan the stack with `records`.

        Returns:
            What was wrong, in Terraform's words, empty where nothing was; and the plan as Terraform's documented JSON.
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
    """The stack of `component`, once its environment has a place for its state.

    Raises:
        OperationError: where it has none.
    """
    if not RemoteState(account, environment, component).bucket_exists():
        message = (
            f"The environment {environment.name!r} has no bucket for its state yet. Make it first: "
            f"{own_command()} bootstrap {environment.name}"
        )
        raise OperationError(message)
    return ProposedStack(environment.name, environment.names.stack_id(component), root, terraform)
