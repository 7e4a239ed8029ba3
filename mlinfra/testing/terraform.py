"""The real Terraform and AWS provider for synthesized stacks, on a local AWS."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any, Final, Literal

from mlinfra.checks.failure import FILE
from mlinfra.functions.counting import counted
from mlinfra.operations.terraform import Terraform, find_terraform, provider_source

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date
    from pathlib import Path

    from mlinfra.operations.terraform import State, Version
    from mlinfra.testing.template import Template
    from mlinfra.variables import Changes

_LOCAL: Final = '{"terraform": {"backend": {"local": {}}}}'
"""The configuration of a state beside the stack."""
_LOCK_FILE: Final = ".terraform.lock.hcl"
_NUMBERS: Final = count()
_SHOWN: Final = 10
"""The changes in a message."""


@dataclass(frozen=True)
class TerraformProgram:
    """A Terraform, and changes to its environment variables."""

    executable: Path
    changes: Changes = field(default_factory=dict)

    @classmethod
    def find(cls, project: Path, oldest: Version | None = None) -> TerraformProgram:
        """The Terraform of this machine, with the source of the AWS provider that a project has locked.

        Args:
            project: the folder of the project.
            oldest: the minimum version of Terraform. Default: that of mlinfra.

        Raises:
            OperationError: if either is missing, with instructions.
        """
        found = find_terraform(oldest) if oldest else find_terraform()
        return cls(found.path, provider_source(project).changes)


@dataclass(frozen=True)
class PlannedTemplate:
    """The plan of a stack."""

    terraform: Terraform
    """Terraform in the folder of the stack."""
    plan: Path
    """The plan as Terraform wrote it."""
    is_empty: bool
    """True if neither a resource nor an output changes."""

    @cached_property
    def document(self) -> dict[str, Any]:
        """The output of `terraform show -json`."""
        return self.terraform.show(self.plan)

    @cached_property
    def file(self) -> Path:
        """A file with `document`."""
        written = self.plan.with_suffix(".json")
        written.write_text(json.dumps(self.document), encoding="utf-8")
        return written

    def actions(self) -> dict[str, str]:
        """The planned action by address, such as `create` or `delete/create`, of all resources that change."""
        return {each["address"]: _action(each) for each in self._changes()}

    def by_action(self, of: Literal["address", "type"] = "address") -> dict[str, list[str]]:
        """The resources that change, by action, such as `{"update": ["aws_s3_bucket.raw"]}`.

        Args:
            of: the name of a resource: its address or its type. Default: address.
        """
        found: dict[str, list[str]] = {}
        for each in self._changes():
            found.setdefault(_action(each), []).append(each[of])
        return found

    def assert_empty(self) -> None:
        """Assert that nothing changes.

        Raises:
            AssertionError: with the resources that change, and the attributes of each.
        """
        if self.is_empty:
            return
        changes = [_described(each) for each in self._changes()]
        outputs = self.document.get("output_changes", {})
        changes += [f"output {name}" for name, each in outputs.items() if each["actions"] != ["no-op"]]
        more = f"; and {len(changes) - _SHOWN} more" if len(changes) > _SHOWN else ""
        message = f"the plan contains {counted(len(changes), 'change')}: {'; '.join(changes[:_SHOWN])}{more}"
        raise AssertionError(message)

    def assert_no_destroy(self, *, except_for: Iterable[str] = ()) -> None:
        """Assert that no resource is destroyed or replaced.

        Args:
            except_for: types or addresses that may be. Default: none.

        Raises:
            AssertionError: with the addresses, and the attributes that force replacements.
        """
        allowed = set(except_for)
        lost = []
        for each in self._changes():
            if "delete" not in each["change"]["actions"] or {each["address"], each["type"]} & allowed:
                continue
            forcing = [".".join(map(str, path)) for path in each["change"].get("replace_paths", ())]
            because = f", because {', '.join(forcing)} changes" if forcing else ""
            verb = "replaced" if "create" in each["change"]["actions"] else "destroyed"
            lost.append(f"{each['address']} is {verb}{because}")
        if lost:
            message = f"the plan destroys {counted(len(lost), 'resource')}: {'; '.join(lost)}"
            raise AssertionError(message)

    def assert_no_findings(self, *, root: Path, today: date) -> None:
        """Assert that the review of `mlinfra review` holds nothing, with the present `mlinfra_checks.py`.

        Args:
            root: the project, with its approvals and settings.
            today: the day on which approvals must be valid.

        Raises:
            AssertionError: with the held findings.
        """
        from mlinfra.operations.review import review

        own = root / FILE
        held = review([self.file], root=root, today=today, checks=own if own.is_file() else None).held
        if held:
            found = "; ".join(f"{each.id} {each.address}: {each.text}" for each in held)
            message = f"the review holds {counted(len(held), 'finding')}: {found}"
            raise AssertionError(message)

    def _changes(self) -> Iterator[dict[str, Any]]:
        if self.is_empty:
            return
        for each in self.document.get("resource_changes", ()):
            if each["mode"] == "managed" and each["change"]["actions"] != ["no-op"]:
                yield each


def plan(terraform: Terraform, *, destroy: bool = False) -> PlannedTemplate:
    """Plan an initialized stack.

    Args:
        terraform: Terraform in the folder of the stack.
        destroy: True: plan the destruction of all of its resources. Default: False.

    Raises:
        TerraformError: if Terraform fails.
    """
    file = terraform.directory / f"{next(_NUMBERS)}.plan"
    has_changes = terraform.plan(file, mode="destroy" if destroy else "normal")
    return PlannedTemplate(terraform, file, is_empty=not has_changes)


def apply(terraform: Terraform, *, destroy: bool = False) -> PlannedTemplate:
    """Plan and apply an initialized stack. Returns the plan that was applied.

    Args:
        terraform: Terraform in the folder of the stack.
        destroy: True: destroy all of its resources. Default: False.

    Raises:
        TerraformError: if Terraform fails.
    """
    planned = plan(terraform, destroy=destroy)
    terraform.apply(planned.plan)
    return planned


@dataclass(frozen=True)
class StackTerraform:
    """Runs Terraform for synthesized stacks, with a state beside each."""

    program: TerraformProgram
    folder: Path
    """A folder for copies of stacks."""
    project: Path
    """The project, whose provider lock file stacks without one get."""
    _initialized: dict[str, Template] = field(default_factory=dict, init=False, repr=False, compare=False)
    """The stacks in `folder`, by id."""

    def validate(self, template: Template) -> None:
        """Validate a stack against the schemas of its providers.

        Raises:
            TerraformError: if Terraform rejects it.
        """
        self.initialized(template).validate()

    def plan(self, template: Template, *, destroy: bool = False) -> PlannedTemplate:
        """Plan a stack, compared with what `apply` applied before.

        Args:
            template: the stack.
            destroy: True: plan the destruction of all of its resources. Default: False.

        Raises:
            TerraformError: if Terraform fails.
        """
        return plan(self.initialized(template), destroy=destroy)

    def apply(self, template: Template) -> PlannedTemplate:
        """Apply a stack to the local AWS. Returns the plan that was applied.

        Raises:
            TerraformError: if Terraform fails.
        """
        return apply(self.initialized(template))

    def destroy(self, template: Template) -> PlannedTemplate:
        """Destroy what was applied of a stack. Returns the plan that was applied.

        Raises:
            TerraformError: if Terraform fails, for example because a resource is protected.
        """
        return apply(self.initialized(template), destroy=True)

    def state(self, template: Template) -> State:
        """The applied resources of a stack: `state(template).resources` are their ids in AWS, by address.

        Raises:
            TerraformError: if Terraform fails.
        """
        return self.initialized(template).state()

    def initialized(self, template: Template) -> Terraform:
        """Terraform in a copy of the stack, for commands without a method here, such as an import.

        The copy keeps the state of earlier applies of a stack with this id.

        Raises:
            TerraformError: if Terraform fails.
        """
        terraform = Terraform(self.folder / template.stack, self.program.executable, changes=self.program.changes)
        present = self._initialized.get(template.stack)
        if present is None or (present.folder, present) != (template.folder, template):
            shutil.copytree(template.folder, terraform.directory, dirs_exist_ok=True)
            locked = self.project / _LOCK_FILE
            if locked.is_file() and not (template.folder / _LOCK_FILE).is_file():
                shutil.copyfile(locked, terraform.directory / _LOCK_FILE)
            (terraform.directory / "backend_override.tf.json").write_text(_LOCAL, encoding="utf-8")
            terraform.init()
            self._initialized[template.stack] = template
        return terraform


def _action(change: dict[str, Any]) -> str:
    return "/".join(change["change"]["actions"])


def _described(change: dict[str, Any]) -> str:
    before, after = change["change"].get("before") or {}, change["change"].get("after") or {}
    unknown = change["change"].get("after_unknown") or {}
    names = sorted({*before, *after, *unknown}) if before and after else []
    differing = [name for name in names if unknown.get(name) is True or before.get(name) != after.get(name)]
    attributes = f" ({', '.join(differing)})" if differing else ""
    return f"{_action(change)} {change['address']}{attributes}"
