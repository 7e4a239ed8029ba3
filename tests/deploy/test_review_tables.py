"""Tables of the review, against the schema of the provider and plans that it made of new resources."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mlinfra.operations.review import Level, review
from mlinfra.operations.review.coverage import guarded_types, has_policy, unguarded_services
from mlinfra.operations.terraform.terraform import Terraform
from tests.conftest import ROOT

if TYPE_CHECKING:
    from mlinfra.operations.review import Report

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("review-tables")]

SOURCES = Path(__file__).parent / "reviewed"


def planned(name: str, folder: Path, environment: Path) -> Report:
    """The report about a plan that creates all resources of a configuration."""
    shutil.copyfile(SOURCES / name / "main.tf", folder / "main.tf")
    shutil.copyfile(ROOT / ".terraform.lock.hcl", folder / ".terraform.lock.hcl")
    terraform = Terraform(folder, environment)
    terraform.init()
    terraform.plan(folder / "tfplan")
    (folder / "plan.json").write_text(json.dumps(terraform.show(folder / "tfplan")), encoding="utf-8")
    return review([folder / "plan.json"], root=folder, today=date(2026, 11, 26))


NOT_DANGEROUS_ALONE = {"aws_autoscaling_group.asg", "aws_s3_bucket.b"}
"""A bucket that others make public, and a group whose cost is held for the stack."""
ONLY_WARNED = {
    "aws_api_gateway_rest_api.api",
    "aws_ebs_volume.vol",
    "aws_elasticache_replication_group.ec",
    "aws_opensearch_domain.os",
    "aws_route_table.rt",
    "aws_vpc_endpoint.e",
}


def test_each_resource_that_is_created_dangerous_is_found(tmp_path: Path, deployable: Path) -> None:
    report = planned("dangerous", tmp_path, deployable)
    found = {each.address for each in report.findings if each.level is not Level.NOTE and each.id != "MLR601"}
    created = {each.address for each in report.stacks[0].changes}
    assert created - found == NOT_DANGEROUS_ALONE
    assert "MLR421" in {each.id for each in report.held}
    assert created - NOT_DANGEROUS_ALONE - {each.address for each in report.held} == ONLY_WARNED


def test_no_harmless_resource_is_held(tmp_path: Path, deployable: Path) -> None:
    report = planned("harmless", tmp_path, deployable)
    assert len(report.stacks[0].changes) > 50
    assert [(each.id, each.address, each.text) for each in report.held] == []


def test_each_type_of_the_provider_is_guarded_or_listed(tmp_path: Path, deployable: Path) -> None:
    """Types that a new version of the provider adds are named here: give them a row, or list them with a reason."""
    shutil.copyfile(SOURCES / "harmless" / "main.tf", tmp_path / "main.tf")
    shutil.copyfile(ROOT / ".terraform.lock.hcl", tmp_path / ".terraform.lock.hcl")
    terraform = Terraform(tmp_path, deployable)
    terraform.init()
    schemas = terraform.resource_schemas()
    settable = {
        kind: {
            name: attribute
            for name, attribute in schema["block"].get("attributes", {}).items()
            if attribute.get("optional") or attribute.get("required")
        }
        for kind, schema in schemas.items()
    }
    listed = {kind for service in unguarded_services().values() for kind in service.types}
    known = guarded_types() | listed | {kind for kind, attributes in settable.items() if has_policy(attributes)}
    assert sorted(set(schemas) - known) == []
    assert sorted(listed - set(schemas)) == []
