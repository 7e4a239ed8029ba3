"""Cases of the conformance table: the life cycle of the resources of Terraform configurations.

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
from typing import TYPE_CHECKING, Any, NamedTuple

from mlinfra.errors import OperationError
from mlinfra.operations.terraform.terraform import Terraform

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

_IMPORT_ID = re.compile(r"^# import (\S+): (.+)$", re.MULTILINE)
_IMPORT_IGNORES = re.compile(r"^# import (\S+) ignores (.+)$", re.MULTILINE)
_AT_ONCE = 40
"""Concurrent operations of an apply. The provider polls most resources, for up to a minute."""

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


class Typed(NamedTuple):
    """A resource type in a case."""

    case: str
    name: str

    @classmethod
    def at(cls, address: str) -> Typed:
        """The type of the resource at `module.case.type.name`."""
        _, case, name, _ = address.split(".", 3)
        return cls(case, name)


@dataclass
class Outcome:
    """The result of each step by resource type: `ok`, or the error."""

    by_type: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))

    def failures(self) -> list[str]:
        """One line for each error."""
        return [
            f"{type_name}, {step}: {said}"
            for type_name, steps in sorted(self.by_type.items())
            for step, said in steps.items()
            if said != "ok"
        ]


@dataclass
class Cases:
    """Cases as modules of one configuration: they share each Terraform command and the waits of the provider."""

    sources: Sequence[Path]
    folder: Path
    executable: Path
    lock_file: Path
    outcomes: dict[str, Outcome] = field(init=False)
    """The outcome of each case, by name."""

    def __post_init__(self) -> None:
        """Start with an empty outcome for each case."""
        self.outcomes = {source.stem: Outcome() for source in self.sources}

    def run(self) -> None:
        """Apply, plan again, change, import, destroy.

        Raises:
            AssertionError: if an apply fails; the remaining steps need its resources.
        """
        terraform = self._prepare(self.folder, changed=False)
        made: set[Typed] = set()
        try:
            made = self._apply(terraform, self._plan(terraform), "apply")
            self._expect_no_changes(terraform, "second plan", made)
            self._set(self.folder, changed=True)
            self._change(terraform)
            self._import(terraform)
        finally:
            self._destroy(terraform, made)

    def _prepare(self, folder: Path, *, changed: bool) -> Terraform:
        for source in self.sources:
            (folder / source.stem).mkdir(parents=True)
            shutil.copyfile(source, folder / source.stem / "main.tf")
        modules = {source.stem: {"source": f"./{source.stem}", "changed": "${var.changed}"} for source in self.sources}
        (folder / "main.tf.json").write_text(json.dumps({"variable": {"changed": {"type": "bool"}}, "module": modules}))
        (folder / "provider.tf").write_text(PROVIDER)
        shutil.copyfile(self.lock_file, folder / ".terraform.lock.hcl")
        self._set(folder, changed=changed)
        terraform = Terraform(folder, self.executable, changes={"TF_CLI_ARGS_apply": f"-parallelism={_AT_ONCE}"})
        terraform.init()
        return terraform

    @staticmethod
    def _set(folder: Path, *, changed: bool) -> None:
        (folder / "terraform.tfvars.json").write_text(json.dumps({"changed": changed}))

    def _record(self, step: str, types: Iterable[Typed], failures: Mapping[Typed, str]) -> None:
        """Record the result of `step` for `types`; `failures` are the errors by type."""
        for each in types:
            self.outcomes[each.case].by_type[each.name][step] = failures.get(each, "ok")
        for each, said in failures.items():
            self.outcomes[each.case].by_type[each.name][step] = said

    def _failures(self) -> list[str]:
        return [f"{case}: {each}" for case, outcome in self.outcomes.items() for each in outcome.failures()]

    def _plan(self, terraform: Terraform) -> list[dict[str, Any]]:
        """Save a plan. Returns its changes."""
        plan = self.folder / "plan"
        return _changes(terraform.show(plan)) if terraform.plan(plan) else []

    def _apply(self, terraform: Terraform, changes: list[dict[str, Any]], step: str) -> set[Typed]:
        """Apply the saved plan with `changes`. Returns the changed types."""
        touched = {Typed.at(each["address"]) for each in changes}
        try:
            terraform.apply(self.folder / "plan")
        except OperationError as error:
            self._record(step, touched, _blamed(error.details, touched))
            raise AssertionError("\n".join(self._failures())) from None
        self._record(step, touched, {})
        return touched

    def _expect_no_changes(self, terraform: Terraform, step: str, types: set[Typed]) -> None:
        self._record(step, types, {Typed.at(each["address"]): _difference(each) for each in self._plan(terraform)})

    def _change(self, terraform: Terraform) -> None:
        changes = self._plan(terraform)
        replaced = {Typed.at(each["address"]) for each in changes if "delete" in each["change"]["actions"]}
        changed = self._apply(terraform, changes, "change")
        self._expect_no_changes(terraform, "change", changed)
        self._record("change", (), dict.fromkeys(replaced, "was replaced instead of changed"))

    def _import(self, terraform: Terraform) -> None:
        """Plan the same configuration with imports instead of a state, and expect no changes."""
        attributes = dict(_attributes(terraform))
        ids = {address: str(values.get("id", "")) for address, values in attributes.items()}  # some have none
        ignored: dict[str, set[str]] = {}
        for source in self.sources:
            text, module = source.read_text(), f"module.{source.stem}."
            own = {name.removeprefix(module): given for name, given in attributes.items() if name.startswith(module)}
            for address, given in _IMPORT_ID.findall(text):
                ids[module + address] = _referring(given, own)
            for address, names in _IMPORT_IGNORES.findall(text):
                ignored[module + address] = set(names.replace(",", " ").split())
        folder = self.folder / "import"
        importing = self._prepare(folder, changed=True)
        blocks = [{"to": address, "id": identifier} for address, identifier in ids.items()]
        (folder / "imports.tf.json").write_text(json.dumps({"import": blocks}))
        types = {Typed.at(address) for address in ids}
        plan = folder / "plan"
        try:
            importing.plan(plan)
        except OperationError as error:
            self._record("import", types, _blamed(error.details, types))
            return
        left = {
            Typed.at(each["address"]): _difference(each)
            for each in _changes(importing.show(plan))
            if _differing(each) - ignored.get(each["address"], set()) or each["change"]["actions"] != ["update"]
        }
        self._record("import", types, left)

    def _destroy(self, terraform: Terraform, types: set[Typed]) -> None:
        plan = self.folder / "plan"
        terraform.plan(plan, mode="destroy")
        try:
            terraform.apply(plan)
        except OperationError as error:
            self._record("destroy", types, _blamed(error.details, types))
            return
        self._record("destroy", types, {})


def _referring(text: str, attributes: Mapping[str, Mapping[str, Any]]) -> str:
    """`text` with the value of each `{address.attribute}` in it."""
    return _REFERENCE.sub(lambda found: str(attributes[found[1]][found[2]]), text)


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


def _blamed(details: str, types: set[Typed]) -> dict[Typed, str]:
    """The error by the resource types that it names, or by all types if it names none."""
    named = {each: details for each in types if f"with module.{each.case}.{each.name}." in details}
    return named or dict.fromkeys(types, details)


def _attributes(terraform: Terraform) -> Iterator[tuple[str, dict[str, Any]]]:
    """The attributes of all resources in the state, by address."""
    for module in terraform.show_state()["values"]["root_module"]["child_modules"]:
        for resource in module.get("resources", []):
            if resource["mode"] == "managed":
                yield resource["address"], resource["values"]
