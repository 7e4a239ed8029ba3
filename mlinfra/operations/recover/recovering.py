"""Recovery of a state: what a plan would create and AWS has already is imported, and a second plan proves it.

A killed Terraform has created resources that are not in its state. Every later apply fails with "already exists".
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mlinfra.errors import OperationError
from mlinfra.operations.aws import account_of, aws_errors_explained
from mlinfra.operations.deploy import earlier_logs, ids_in_log, plan_summary, prepared_plans, require_unlocked
from mlinfra.operations.recover.import_ids import import_id
from mlinfra.operations.recover.lookups import look_up
from mlinfra.operations.terraform import TerraformError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from mlinfra.declarations import Environment
    from mlinfra.operations.terraform import Progress, SynthesizedStack, Terraform

_IMPORTS: Final = "recovered_imports.tf.json"
_ABSENT: Final = re.compile(
    r"non-existent remote object|couldn't find resource|not ?found|NoSuch|does not exist", re.IGNORECASE
)
_ROUNDS: Final = 12
"""Maximum number of plans. Each leaves out the candidates that do not exist."""


@dataclass(frozen=True)
class Existing:
    """A resource that the plan would create, and that exists in AWS."""

    address: str
    id: str
    """Its id for an import by Terraform."""
    differences: tuple[str, ...]
    """The attributes that the next apply would change."""


@dataclass(frozen=True)
class Recovered:
    """The result of a recovery."""

    stack: str
    imported: tuple[Existing, ...]
    """Resources that are in the state now."""
    foreign: tuple[Existing, ...]
    """Resources with the same name and other tags. They were not imported: this stack did not create them."""
    unchecked: tuple[str, ...]
    """Addresses that would be created and could not be searched for, because AWS chooses their id."""
    remaining: str
    """The changes that remain, such as `1 to add, 0 to change, 0 to destroy`."""


def recover(name: str, root: Path, progress: Progress, *, confirm: Callable[[Sequence[Existing]], bool]) -> Recovered:
    """Add resources to the state of a stack that a killed apply created.

    Nothing in AWS is changed.

    Args:
        name: the stack, such as `dev-data`.
        root: the project.
        progress: receives the steps.
        confirm: receives the resources to import. False: nothing is imported.

    Raises:
        OperationError: if there is no such stack, its state is locked, or Terraform fails.
        DeclarationError: if the environment is invalid.
    """
    # The next plan of the stack replaces the folder with the log.
    logged = {address: id_ for text in earlier_logs(root, name) for address, id_ in ids_in_log(text).items()}
    with aws_errors_explained(), prepared_plans(root, progress, patterns=[name]) as prepared:
        if prepared.failed:
            raise OperationError(prepared.failed[0].message, details=prepared.failed[0].details)
        (stack,) = (each for each in prepared.stacks if each.name == name)
        environment = prepared.environment_of(stack)
        require_unlocked(environment, stack)
        recovery = _Recovery(prepared.terraform(stack), stack, environment)
        try:
            return recovery.run(progress, logged, confirm)
        except TerraformError as error:
            raise prepared.explained(error, stack) from None


class _Recovery:
    """The recovery of one stack."""

    def __init__(self, terraform: Terraform, stack: SynthesizedStack, environment: Environment) -> None:
        self._terraform = terraform
        self._stack = stack
        self._environment = environment
        self._plan = stack.directory / "tfplan"
        self._imports = stack.directory / _IMPORTS

    def run(
        self, progress: Progress, logged: Mapping[str, str], confirm: Callable[[Sequence[Existing]], bool]
    ) -> Recovered:
        """Search, ask, import, and plan again."""
        with progress.step(f"Plan {self._stack.name}") as step:
            self._terraform.init()
            self._terraform.plan(self._plan)
            created = _created(self._terraform.show(self._plan))
            step.conclude(f"{len(created)} to create")
        candidates, unchecked = self._candidates(created, logged)
        with progress.step("Search for them in AWS") as step:
            existing, foreign = self._existing(candidates)
            step.conclude(f"{len(existing)} exist" + (f", {len(foreign)} with other tags" if foreign else ""))
        if not existing or not confirm(existing):
            return Recovered(self._stack.name, (), foreign, unchecked, self._remaining())
        for each in existing:
            with progress.step(f"Import {each.address}"):
                self._terraform.import_resource(each.address, each.id)
        with progress.step(f"Plan {self._stack.name} again") as step:
            self._terraform.plan(self._plan)
            remaining = self._remaining()
            step.conclude(remaining)
        return Recovered(self._stack.name, existing, foreign, unchecked, remaining)

    def _candidates(
        self, created: Mapping[str, Mapping[str, Any]], logged: Mapping[str, str]
    ) -> tuple[dict[str, str], tuple[str, ...]]:
        """The ids under which resources would exist, and the addresses without one."""
        environment = self._environment
        account = account_of(environment)
        found: dict[str, str] = {}
        for address, change in created.items():
            type_, planned = change["type"], change["change"]["after"] or {}
            id_ = (
                logged.get(address)
                or import_id(type_, planned, account=environment.account_id, region=environment.region)
                or look_up(type_, planned, account)
            )
            if id_:
                found[address] = id_
        aws = [address for address, change in created.items() if change["type"].startswith("aws_")]
        return found, tuple(address for address in aws if address not in found)

    def _existing(self, candidates: Mapping[str, str]) -> tuple[tuple[Existing, ...], tuple[Existing, ...]]:
        """The candidates that exist: those of this stack, and those with other tags."""
        left = dict(candidates)
        try:
            for _ in range(_ROUNDS):
                if not left:
                    return (), ()
                blocks = [{"to": address, "id": id_} for address, id_ in left.items()]
                self._imports.write_text(json.dumps({"import": blocks}))
                error = self._terraform.try_plan(self._plan)
                if not error:
                    return _told_apart(self._terraform.show(self._plan), left)
                absent = [address for address in left if _is_absent(error, address)]
                if not absent:
                    message = f"The search for the resources of {self._stack.name} failed"
                    raise OperationError(message, details=error)
                for address in absent:
                    del left[address]
            message = f"The search for the resources of {self._stack.name} failed"
            raise OperationError(message, details=error)
        finally:
            self._imports.unlink(missing_ok=True)

    def _remaining(self) -> str:
        return plan_summary(self._terraform.show(self._plan))


def _created(plan: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {
        each["address"]: each
        for each in plan.get("resource_changes", ())
        if each["mode"] == "managed" and each["change"]["actions"] == ["create"]
    }


def _is_absent(errors: str, address: str) -> bool:
    """True if Terraform reports that the object to import at `address` does not exist.

    Terraform's own error names the address in quotation marks; those of the provider name it after `with`.
    """
    for error in re.split(r"^(?=Error: )", errors, flags=re.MULTILINE):
        names = f'"{address}"' in error or re.search(rf"^\s*with {re.escape(address)},", error, re.MULTILINE)
        if names and _ABSENT.search(error):
            return True
    return False


def _told_apart(
    plan: Mapping[str, Any], imported: Mapping[str, str]
) -> tuple[tuple[Existing, ...], tuple[Existing, ...]]:
    own: list[Existing] = []
    foreign: list[Existing] = []
    for each in plan.get("resource_changes", ()):
        if each["address"] not in imported or "importing" not in each["change"]:
            continue
        before, after = each["change"]["before"] or {}, each["change"]["after"] or {}
        differences = tuple(sorted(name for name in after if before.get(name) != after[name]))
        found = Existing(each["address"], imported[each["address"]], differences)
        (foreign if _is_foreign(before, after) else own).append(found)
    return tuple(own), tuple(foreign)


def _is_foreign(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """True if an object has tags, and not those of this stack. A resource without tags may not be tagged yet."""
    has, wanted = before.get("tags_all") or before.get("tags") or {}, after.get("tags_all") or {}
    return bool(has and wanted) and any(has.get(name) != value for name, value in wanted.items())
