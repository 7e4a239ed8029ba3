"""One case of the conformance table: the life cycle of the resources of a Terraform configuration.

A case is a file in `cases/` that declares `variable "changed"`, a bool, on which every attribute that can be
changed in place depends. Comments in the file give additional information:

    # import aws_iam_role_policy_attachment.node: role/arn:aws:iam::aws:policy/Name
    # import aws_s3_bucket.raw ignores force_destroy

The first gives the import id of a resource, if it differs from its `id`. It may use `{address.attribute}`,
such as `{aws_iam_role.node.name}`. The second names attributes that no API returns, so that an import
cannot read them.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlinfra.errors import OperationError
from mlinfra.operations.terraform.terraform import Terraform

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from mlinfra.variables import Changes

_IMPORT_ID = re.compile(r"^# import (\S+): (.+)$", re.MULTILINE)
_IMPORT_IGNORES = re.compile(r"^# import (\S+) ignores (.+)$", re.MULTILINE)
_REFERENCE = re.compile(r"\{(\w+\.[\w-]+)\.(\w+)\}")

PROVIDER = """
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0, < 7.0.0"
    }
  }
}

provider "aws" {
  region                  = "us-east-1"
  s3_use_path_style       = true
  skip_metadata_api_check = "true"

  default_tags {
    tags = { ManagedBy = "terraform", Environment = "local" }
  }
}
"""


@dataclass
class Outcome:
    """The result of each step by resource type: `ok`, or the error."""

    by_type: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))

    def record(self, step: str, types: set[str], failures: Mapping[str, str]) -> None:
        """Record the result of `step` for `types`; `failures` are the errors by type."""
        for type_name in types:
            self.by_type[type_name][step] = failures.get(type_name, "ok")

    def failures(self) -> list[str]:
        """One line for each error."""
        return [
            f"{type_name}, {step}: {said}"
            for type_name, steps in sorted(self.by_type.items())
            for step, said in steps.items()
            if said != "ok"
        ]


@dataclass
class Case:
    """A configuration in its own folder, with Terraform in it."""

    source: Path
    folder: Path
    executable: Path
    changes: Changes
    lock_file: Path

    def run(self) -> Outcome:
        """Apply, plan again, change, import, destroy."""
        outcome = Outcome()
        terraform = self._prepare(self.folder, changed=False)
        types: set[str] = set()
        try:
            types = self._apply(terraform, self._plan(terraform), "apply", outcome)
            self._expect_no_changes(terraform, "second plan", types, outcome)
            self._set(self.folder, changed=True)
            self._change(terraform, outcome)
            self._import(terraform, outcome)
        finally:
            self._destroy(terraform, types, outcome)
        return outcome

    def _prepare(self, folder: Path, *, changed: bool) -> Terraform:
        folder.mkdir(parents=True)
        shutil.copyfile(self.source, folder / "main.tf")
        (folder / "provider.tf").write_text(PROVIDER)
        shutil.copyfile(self.lock_file, folder / ".terraform.lock.hcl")
        self._set(folder, changed=changed)
        terraform = Terraform(folder, self.executable, changes=self.changes)
        terraform.init()
        return terraform

    @staticmethod
    def _set(folder: Path, *, changed: bool) -> None:
        (folder / "terraform.tfvars.json").write_text(json.dumps({"changed": changed}))

    def _plan(self, terraform: Terraform) -> list[dict[str, Any]]:
        """Save a plan. Returns its changes."""
        plan = self.folder / "plan"
        return _changes(terraform.show(plan)) if terraform.plan(plan) else []

    def _apply(self, terraform: Terraform, changes: list[dict[str, Any]], step: str, outcome: Outcome) -> set[str]:
        """Apply the saved plan with `changes`. Returns the changed types."""
        touched = {each["type"] for each in changes}
        try:
            terraform.apply(self.folder / "plan")
        except OperationError as error:
            outcome.record(step, touched, _blamed(error.details, touched))
            raise AssertionError("\n".join(outcome.failures())) from None
        outcome.record(step, touched, {})
        return touched

    def _expect_no_changes(self, terraform: Terraform, step: str, types: set[str], outcome: Outcome) -> None:
        outcome.record(step, types, {each["type"]: _difference(each) for each in self._plan(terraform)})

    def _change(self, terraform: Terraform, outcome: Outcome) -> None:
        changes = self._plan(terraform)
        replaced = {each["type"] for each in changes if "delete" in each["change"]["actions"]}
        changed = self._apply(terraform, changes, "change", outcome)
        self._expect_no_changes(terraform, "change", changed, outcome)
        outcome.record("change", replaced, dict.fromkeys(replaced, "was replaced instead of changed"))

    def _import(self, terraform: Terraform, outcome: Outcome) -> None:
        """Plan the same configuration with imports instead of a state, and expect no changes."""
        text = self.source.read_text()
        attributes = dict(_attributes(terraform))
        ids = {address: str(values["id"]) for address, values in attributes.items()}
        ids |= {
            address: _REFERENCE.sub(lambda found: str(attributes[found[1]][found[2]]), given)
            for address, given in _IMPORT_ID.findall(text)
        }
        ignored = {address: set(names.replace(",", " ").split()) for address, names in _IMPORT_IGNORES.findall(text)}
        folder = self.folder / "import"
        importing = self._prepare(folder, changed=True)
        blocks = [{"to": address, "id": identifier} for address, identifier in ids.items()]
        (folder / "imports.tf.json").write_text(json.dumps({"import": blocks}))
        types = {address.split(".")[0] for address in ids}
        plan = folder / "plan"
        try:
            importing.plan(plan)
        except OperationError as error:
            outcome.record("import", types, _blamed(error.details, types))
            return
        left = {
            each["type"]: _difference(each)
            for each in _changes(importing.show(plan))
            if _differing(each) - ignored.get(each["address"], set()) or each["change"]["actions"] != ["update"]
        }
        outcome.record("import", types, left)

    def _destroy(self, terraform: Terraform, types: set[str], outcome: Outcome) -> None:
        plan = self.folder / "plan"
        terraform.plan(plan, mode="destroy")
        try:
            terraform.apply(plan)
        except OperationError as error:
            outcome.record("destroy", types, _blamed(error.details, types))
            return
        outcome.record("destroy", types, {})


def _changes(plan: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The changes of managed resources in a plan."""
    return [
        each
        for each in plan.get("resource_changes", [])
        if each["mode"] == "managed" and each["change"]["actions"] != ["no-op"]
    ]


def _differing(change: Mapping[str, Any]) -> set[str]:
    before, after = change["change"]["before"] or {}, change["change"]["after"] or {}
    unknown = change["change"].get("after_unknown") or {}
    return {
        name
        for name in {*before, *after, *unknown}
        if before.get(name) != after.get(name) or _is_unknown(unknown.get(name))
    }


def _is_unknown(marks: Any) -> bool:
    """True if a part of a value is unknown until the apply. The marks have the structure of the value."""
    if isinstance(marks, dict):
        return any(map(_is_unknown, marks.values()))
    if isinstance(marks, list):
        return any(map(_is_unknown, marks))
    return bool(marks)


def _difference(change: Mapping[str, Any]) -> str:
    before, after = change["change"]["before"] or {}, change["change"]["after"] or {}
    differences = ", ".join(
        f"{name}: {before.get(name)!r} -> {after.get(name)!r}" for name in sorted(_differing(change))
    )
    return f"{'/'.join(change['change']['actions'])} {differences}"


def _blamed(details: str, types: set[str]) -> dict[str, str]:
    """The error by the resource types that it names, or by all types if it names none."""
    named = {type_name: details for type_name in types if f"with {type_name}." in details}
    return named or dict.fromkeys(types, details)


def _attributes(terraform: Terraform) -> Iterator[tuple[str, dict[str, Any]]]:
    """The attributes of all resources in the state, by address."""
    root = terraform.show_state()["values"]["root_module"]
    for resource in root.get("resources", []):
        if resource["mode"] == "managed":
            yield resource["address"], resource["values"]
