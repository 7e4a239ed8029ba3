"""One synthesized stack with its state beside it: prepared, planned and applied by the real Terraform."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Literal

from mlinfra.operations.terraform.terraform import Terraform
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def prepared(folder: Path, executable: Path) -> Terraform:
    """Terraform in the folder of a stack, with the provider that is locked, and a state of its own in there."""
    shutil.copyfile(ROOT / ".terraform.lock.hcl", folder / ".terraform.lock.hcl")
    (folder / "backend_override.tf.json").write_text('{"terraform": {"backend": {"local": {}}}}')
    terraform = Terraform(folder, executable)
    terraform.init()
    return terraform


def planned(terraform: Terraform, by: Literal["address", "type"] = "address") -> dict[str, list[str]]:
    """The addresses that a plan would change, by action in the order of execution."""
    plan = terraform.directory / "test.plan"
    if not terraform.plan(plan):
        return {}
    touched: dict[str, list[str]] = {}
    for each in terraform.show(plan)["resource_changes"]:
        actions = "/".join(each["change"]["actions"])
        if each["mode"] == "managed" and actions != "no-op":
            touched.setdefault(actions, []).append(each[by])
    return touched


def apply(terraform: Terraform, by: Literal["address", "type"] = "address") -> dict[str, list[str]]:
    """Apply what differs. Returns what was touched, as `planned` does."""
    touched = planned(terraform, by)
    terraform.apply(terraform.directory / "test.plan")
    return touched


def differs(terraform: Terraform) -> bool:
    """True if a plan has changes."""
    return terraform.plan(terraform.directory / "test.plan")
