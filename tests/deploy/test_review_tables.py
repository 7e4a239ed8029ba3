"""Tables of the review, against the schema of the provider and plans that it made of new resources."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.operations.review import Level, review
from mlinfra.operations.review.coverage import guarded_paths, guarded_types, has_policy, unguarded_services
from mlinfra.operations.terraform.terraform import Terraform
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

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
OF_NEWER_PROVIDERS = {"aws_eks_cluster deletion_protection"}
"""Rows for attributes of version 6 of the provider, which is supported too."""
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


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory, deployable: Path) -> Mapping[str, Any]:
    """The schemas of all resource types of the locked provider."""
    folder = tmp_path_factory.mktemp("schemas")
    shutil.copyfile(SOURCES / "harmless" / "main.tf", folder / "main.tf")
    shutil.copyfile(ROOT / ".terraform.lock.hcl", folder / ".terraform.lock.hcl")
    terraform = Terraform(folder, deployable)
    terraform.init()
    return terraform.resource_schemas()


def has_path(block: Mapping[str, Any], path: list[str]) -> bool:
    """True if a block of a schema has an attribute at a path. Elements of lists are `*` or a number."""
    name, *rest = path
    rest = rest[1:] if rest and (rest[0] == "*" or rest[0].isdecimal()) else rest
    if name in block.get("block_types", {}):
        return not rest or has_path(block["block_types"][name]["block"], rest)
    attribute = block.get("attributes", {}).get(name)
    if attribute is None:
        return False
    return "nested_type" in attribute or has_member(attribute["type"], rest)


def has_member(kind: Any, path: list[str]) -> bool:
    """True if a type has a member at a path. Maps have all members."""
    if not path:
        return True
    if isinstance(kind, str):
        return False
    if kind[0] == "object":
        name, *rest = path
        rest = rest[1:] if rest and (rest[0] == "*" or rest[0].isdecimal()) else rest
        return name in kind[1] and has_member(kind[1][name], rest)
    return kind[0] == "map" or has_member(kind[1], path)


def test_each_row_is_about_an_attribute_of_the_provider(schemas: Mapping[str, Any]) -> None:
    """A row for an attribute that does not exist never finds anything."""
    missing = {
        f"{kind} {path}"
        for kind, path in guarded_paths()
        if kind not in schemas or not has_path(schemas[kind]["block"], path.split("."))
    }
    assert missing - OF_NEWER_PROVIDERS == set()


def test_each_type_of_the_provider_is_guarded_or_listed(schemas: Mapping[str, Any]) -> None:
    """Types that a new version of the provider adds are named here: give them a row, or list them with a reason."""
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
