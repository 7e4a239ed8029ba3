"""A cluster of every family of GPU instances, in one stack: applied, planned again, destroyed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from mlinfra import Image
from mlinfra.catalog.instances import InstanceType, instance_types
from tests.deploy.clusters import Clusters, instances
from tests.deploy.local_state import apply, differs

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.operations.terraform.terraform import Terraform

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("training-families")]

NODES = 2


def largest_of_each_family() -> dict[str, InstanceType]:
    """By the name of the family, such as p5."""
    largest: dict[str, InstanceType] = {}
    for each in instance_types().values():
        family = each.name.partition(".")[0]
        largest[family] = max(each, largest.get(family, each), key=lambda one: (one.vcpu, one.name))
    return largest


FAMILIES = largest_of_each_family()


def asked_for(instance_type: InstanceType) -> dict[str, Any]:
    # Nobody knows the network cards of trn2, so that its adapters cannot be asked for.
    without_adapters = {"efa": False} if instance_type.name.startswith("trn2.") else {}
    return {"instance_type": instance_type.name, "nodes": NODES, **without_adapters}


@pytest.fixture(scope="module")
def deployed(deployable: Path, tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    image = boto3.client("ec2").describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    terraform = Clusters(tmp_path_factory.mktemp("families"), deployable).declare(
        {f"try-{family}": asked_for(each) for family, each in FAMILIES.items()},
        images={each.accelerator: Image(reference=image) for each in FAMILIES.values()},
    )
    apply(terraform)
    return terraform


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_has_its_nodes_with_all_adapters_there_are(deployed: Terraform, family: str) -> None:
    del deployed
    nodes = instances(f"try-{family}")
    assert [each["InstanceType"] for each in nodes] == [FAMILIES[family].name] * NODES
    for node in nodes:
        kinds = [each["InterfaceType"] for each in node["NetworkInterfaces"]]
        adapters = 0 if family == "trn2" else FAMILIES[family].efa_count
        assert Counter(kinds) == Counter({"interface": 1, "efa-only": adapters})


def test_a_second_plan_finds_nothing_to_do(deployed: Terraform) -> None:
    assert not differs(deployed)


def test_all_of_them_can_be_destroyed(deployed: Terraform) -> None:
    plan = deployed.directory / "test.plan"
    deployed.plan(plan, mode="destroy")
    deployed.apply(plan)
    assert deployed.state().resources == {}
    assert [family for family in FAMILIES if instances(f"try-{family}")] == []
