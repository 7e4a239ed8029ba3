"""The real Terraform and AWS provider for synthesized stacks, on a local AWS."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mlinfra.checks.failure import FILE
from mlinfra.operations.terraform import Terraform

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from pathlib import Path

    from mlinfra.testing.template import Template
    from mlinfra.variables import Changes

_LOCAL = '{"terraform": {"backend": {"local": {}}}}'
"""The configuration of a state beside the stack."""


@dataclass(frozen=True)
class PlannedTemplate:
    """The plan of a stack."""

    document: dict[str, Any]
    """The output of `terraform show -json`."""
    file: Path
    """The same as a file."""

    def actions(self) -> dict[str, str]:
        """The planned action by address, such as `create` or `delete/create`, of all resources that change."""
        return {
            each["address"]: "/".join(each["change"]["actions"])
            for each in self.document.get("resource_changes", ())
            if each["mode"] == "managed" and each["change"]["actions"] != ["no-op"]
        }

    def assert_no_destroy(self, *, except_for: Iterable[str] = ()) -> None:
        """Assert that no resource is destroyed or replaced.

        Args:
            except_for: types or addresses that may be. Default: none.

        Raises:
            AssertionError: with the addresses, and the attributes that force replacements.
        """
        allowed = set(except_for)
        lost = []
        for each in self.document.get("resource_changes", ()):
            if "delete" not in each["change"]["actions"] or {each["address"], each["type"]} & allowed:
                continue
            forcing = [".".join(map(str, path)) for path in each["change"].get("replace_paths", ())]
            because = f", because {', '.join(forcing)} changes" if forcing else ""
            verb = "replaced" if "create" in each["change"]["actions"] else "destroyed"
            lost.append(f"{each['address']} is {verb}{because}")
        if lost:
            message = f"the plan destroys {len(lost)} resources: {'; '.join(lost)}"
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
            message = f"the review holds {len(held)} findings: {found}"
            raise AssertionError(message)


@dataclass(frozen=True)
class StackTerraform:
    """Runs Terraform for synthesized stacks, with a state beside each."""

    executable: Path
    changes: Changes
    """Changes to the environment variables of Terraform, such as the address of a local AWS."""
    folder: Path
    """A folder for copies of stacks."""

    def validate(self, template: Template) -> None:
        """Validate a stack against the schemas of its providers.

        Raises:
            TerraformError: if Terraform rejects it.
        """
        self._prepared(template).validate()

    def plan(self, template: Template) -> PlannedTemplate:
        """Plan a stack, compared with what `apply` applied before.

        Raises:
            TerraformError: if Terraform fails.
        """
        terraform = self._prepared(template)
        terraform.plan(terraform.directory / "test.plan")
        document = terraform.show(terraform.directory / "test.plan")
        file = terraform.directory / "plan.json"
        file.write_text(json.dumps(document), encoding="utf-8")
        return PlannedTemplate(document, file)

    def apply(self, template: Template) -> PlannedTemplate:
        """Apply a stack to the local AWS. Returns the plan that was applied.

        Raises:
            TerraformError: if Terraform fails.
        """
        planned = self.plan(template)
        terraform = self._in(template)
        terraform.apply(terraform.directory / "test.plan")
        return planned

    def destroy(self, template: Template) -> None:
        """Destroy what was applied of a stack.

        Raises:
            TerraformError: if Terraform fails.
        """
        terraform = self._prepared(template)
        terraform.plan(terraform.directory / "test.plan", mode="destroy")
        terraform.apply(terraform.directory / "test.plan")

    def _prepared(self, template: Template) -> Terraform:
        """Terraform in a copy of the stack, which keeps the state of earlier applies of a stack with this id."""
        terraform = self._in(template)
        shutil.copytree(template.folder, terraform.directory, dirs_exist_ok=True)
        (terraform.directory / "backend_override.tf.json").write_text(_LOCAL, encoding="utf-8")
        terraform.init()
        return terraform

    def _in(self, template: Template) -> Terraform:
        return replace(Terraform(self.folder / template.stack, self.executable), changes=self.changes)
