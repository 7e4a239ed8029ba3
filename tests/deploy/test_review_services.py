"""Dangerous and harmless changes of all kinds of services, planned with the provider and reviewed one by one.

The expected rules are beside the configurations, in `rules.txt`: the address of a resource, and its findings that hold
or warn.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.operations.review import Level, review
from mlinfra.operations.terraform.terraform import Terraform
from tests.conftest import ROOT
from tests.deploy.prior_state import as_applied

if TYPE_CHECKING:
    from mlinfra.operations.review import Report

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("review-services")]

SOURCES = Path(__file__).parent / "reviewed"
NOT_DANGEROUS_ALONE = {"aws_s3_bucket.this", "aws_security_group.new"}
"""Resources that others make public."""
NOT_FOUND = {"aws_s3_bucket_logging.away", "aws_sagemaker_endpoint_configuration.capture"}
"""Changes whose target is a bucket of another account: a plan contains only its name."""


@dataclass(frozen=True)
class Planned:
    """A plan, whose changes can be reviewed alone."""

    folder: Path
    plan: dict[str, Any]

    @property
    def resources(self) -> dict[str, list[dict[str, Any]]]:
        """The changes by resource: all instances of a resource are one change."""
        found: dict[str, list[dict[str, Any]]] = {}
        for each in self.plan["resource_changes"]:
            if each["mode"] == "managed" and each["change"]["actions"] != ["no-op"]:
                found.setdefault(f"{each['type']}.{each['name']}", []).append(each)
        return found

    def reviewed(self, changes: list[dict[str, Any]]) -> Report:
        """The report about a plan of only these changes."""
        path = self.folder / "one.json"
        path.write_text(json.dumps({**self.plan, "resource_changes": changes}), encoding="utf-8")
        return review([path], root=self.folder, today=date(2026, 11, 26))

    def rules(self) -> dict[str, str]:
        """The rules that hold or warn of each resource, with their levels."""
        rules: dict[str, str] = {}
        for address, changes in self.resources.items():
            found = {
                f"{each.level.value}:{each.id}"
                for each in self.reviewed(changes).findings
                if each.level is not Level.NOTE and each.id != "MLR601"
            }
            rules[address] = " ".join(sorted(found))
        return rules


def planned(name: str, folder: Path, terraform_executable: Path) -> Planned:
    """Plan the creation of all resources of a configuration."""
    shutil.copytree(SOURCES / name, folder, dirs_exist_ok=True)
    shutil.copyfile(ROOT / ".terraform.lock.hcl", folder / ".terraform.lock.hcl")
    terraform = Terraform(folder, terraform_executable)
    terraform.init()
    terraform.plan(folder / "tfplan")
    return Planned(folder, terraform.show(folder / "tfplan"))


def updated(name: str, folder: Path, terraform_executable: Path) -> Planned:
    """Plan the update of all resources of a configuration, as if it had been applied before."""
    before = planned(name, folder, terraform_executable)
    terraform = Terraform(folder, terraform_executable)
    state = as_applied(before.plan, terraform.resource_schemas())
    (folder / "terraform.tfstate").write_text(json.dumps(state), encoding="utf-8")
    (folder / "terraform.tfvars").write_text("later = true\n", encoding="utf-8")
    terraform.plan(folder / "tfplan", refresh=False)
    return Planned(folder, terraform.show(folder / "tfplan"))


def expected(name: str) -> dict[str, str]:
    lines = (SOURCES / name / "rules.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split(": ", 1) for line in lines)


def test_dangerous_creations_are_held_or_warned_of(tmp_path: Path, deployable: Path) -> None:
    rules = planned("dangerous_creations", tmp_path, deployable).rules()
    assert {address for address, found in rules.items() if not found} == NOT_DANGEROUS_ALONE | NOT_FOUND
    assert {address: found for address, found in rules.items() if found} == expected("dangerous_creations")


def test_dangerous_updates_are_held_or_warned_of(tmp_path: Path, deployable: Path) -> None:
    rules = updated("dangerous_updates", tmp_path, deployable).rules()
    assert {address for address, found in rules.items() if not found} == set()
    assert rules == expected("dangerous_updates")


def test_harmless_updates_are_not_held(tmp_path: Path, deployable: Path) -> None:
    update = updated("harmless_updates", tmp_path, deployable)
    assert len(update.resources) > 80
    held = [each for changes in update.resources.values() for each in update.reviewed(changes).held]
    assert [(each.id, each.address, each.text) for each in held] == []
