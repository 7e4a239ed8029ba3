"""Clusters of every purchase and every GPU family in one stack: applied, planned again, removed. Real Terraform."""

from __future__ import annotations

import base64
from collections import Counter
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from mlinfra import Image
from mlinfra.catalog.instances import InstanceType, instance_types
from mlinfra.declarations.experiment import Lustre
from mlinfra.declarations.purchase import CapacityBlock, CapacityReservation, Spot
from mlinfra.errors import OperationError
from tests.deploy.clusters import Clusters, instances

if TYPE_CHECKING:
    from mlinfra.testing import StackTerraform, Synth, Template

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("training")]

KINDS: dict[str, dict[str, Any]] = {
    "on-demand": {"instance_type": "g5.xlarge", "nodes": 2},
    "efa": {"instance_type": "p5.48xlarge", "nodes": 4},
    "spot": {
        "instance_type": "g5.xlarge",
        "nodes": 3,
        "purchase": Spot(on_demand_nodes=1, instance_types=("g6.xlarge", "g6e.xlarge"), max_usd_per_hour=1.5),
    },
    "reserved": {
        "instance_type": "p4d.24xlarge",
        "nodes": 2,
        "purchase": CapacityReservation(reservation_id="cr-0123456789abcdef0"),
    },
    "block": {
        "instance_type": "p6-b300.48xlarge",
        "nodes": 2,
        "purchase": CapacityBlock(
            reservation_id="cr-0123456789abcdef1",
            starts=datetime.now(timezone.utc) - timedelta(days=1),
            ends=datetime.now(timezone.utc) + timedelta(days=6),
        ),
    },
    "later-block": {
        "instance_type": "p6-b300.48xlarge",
        "nodes": 2,
        "purchase": CapacityBlock(
            reservation_id="cr-0123456789abcdef1",
            starts=datetime.now(timezone.utc) + timedelta(days=1),
            ends=datetime.now(timezone.utc) + timedelta(days=8),
        ),
    },
}


# The AWS provider waits ten minutes before it checks the deletion of a file system: test_lustre_cluster.py applies it.
LUSTRE: dict[str, dict[str, Any]] = {
    "lustre": {
        "instance_type": "p4d.24xlarge",
        "nodes": 2,
        "lustre": Lustre(zone="raw", prefix="clicks/", export=True),
        "purchase": CapacityReservation(reservation_id="cr-0123456789abcdef2"),
    },
}


NODES = 2
_PARTS = 3
"""Environments with clusters of the families."""


def largest_of_each_family() -> dict[str, InstanceType]:
    """By the name of the family, such as p5."""
    largest: dict[str, InstanceType] = {}
    for each in instance_types().values():
        family = each.name.partition(".")[0]
        largest[family] = max(each, largest.get(family, each), key=lambda one: (one.vcpu, one.name))
    return largest


FAMILIES = largest_of_each_family()


def asked_for(instance_type: InstanceType) -> dict[str, Any]:
    return {"instance_type": instance_type.name, "nodes": NODES}


@pytest.fixture(scope="module")
def clusters(module_synth: Synth, module_terraform: StackTerraform) -> Clusters:
    return Clusters(module_synth, module_terraform)


@pytest.fixture(scope="module")
def deployed(clusters: Clusters) -> Template:
    """A cluster of each kind, which boots what this repository pins."""
    stack = clusters.declare(KINDS)
    clusters.terraform.apply(stack)
    return stack


@pytest.fixture(scope="module")
def families(module_synth: Synth, module_terraform: StackTerraform) -> dict[str, list[dict[str, Any]]]:
    """The nodes that a cluster of each family had, by its name. All were destroyed.

    In several environments: Terraform writes the whole state after each change, so one state of all families takes
    four times as long.
    """
    image = boto3.client("ec2").describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    pinned = {instance_types()[kind["instance_type"]].accelerator for kind in KINDS.values()}
    images = {each.accelerator: Image(reference=image) for each in FAMILIES.values() if each.accelerator not in pinned}
    found = {}
    for number in range(_PARTS):
        clusters = Clusters(module_synth, module_terraform, environment=f"part{number}")
        part = {f"try-{each}": asked_for(FAMILIES[each]) for each in sorted(FAMILIES)[number::_PARTS]}
        stack = clusters.declare(part, images=images)
        module_terraform.apply(stack)
        found |= {name: instances(name) for name in part}
        module_terraform.destroy(stack)
        assert [name for name in part if instances(name)] == []
    return found


def test_a_cluster_with_lustre_is_in_the_requested_zone(module_synth: Synth, module_terraform: StackTerraform) -> None:
    planned = Clusters(module_synth, module_terraform, component="planned")
    plan = module_terraform.plan(planned.declare(LUSTRE, zone="us-east-1b"))
    after = {
        each["type"]: each["change"]["after"] for each in plan.document["resource_changes"] if each["mode"] == "managed"
    }
    assert after["aws_fsx_lustre_file_system"]["subnet_ids"] == [planned.subnet_ids[0]]
    assert after["aws_autoscaling_group"]["vpc_zone_identifier"] == [planned.subnet_ids[0]]
    assert after["aws_fsx_data_repository_association"]["data_repository_path"].endswith("/clicks/")


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_all_its_nodes(deployed: Template, kind: str) -> None:
    del deployed
    assert len(instances(kind)) == (0 if kind == "later-block" else KINDS[kind]["nodes"])


def test_nodes_of_a_capacity_block_are_requested_when_it_begins(deployed: Template) -> None:
    del deployed
    actions = boto3.client("autoscaling").describe_scheduled_actions(AutoScalingGroupName="recsys-local-later-block")
    found = {each["ScheduledActionName"]: each["DesiredCapacity"] for each in actions["ScheduledUpdateGroupActions"]}
    assert found == {"capacity-block-begin": 2, "capacity-block-end": 0}


@pytest.mark.parametrize("family", FAMILIES)
def test_each_family_has_its_nodes_with_all_adapters_there_are(
    families: dict[str, list[dict[str, Any]]], family: str
) -> None:
    nodes = families[f"try-{family}"]
    assert [each["InstanceType"] for each in nodes] == [FAMILIES[family].name] * NODES
    for node in nodes:
        kinds = [each["InterfaceType"] for each in node["NetworkInterfaces"]]
        assert Counter(kinds) == Counter({"interface": 1, "efa-only": FAMILIES[family].efa_count})


def test_every_node_of_four_p5_has_an_adapter_on_each_of_32_cards(deployed: Template) -> None:
    del deployed
    for node in instances("efa"):
        found = sorted(
            (
                each["Attachment"]["NetworkCardIndex"],
                each["Attachment"]["DeviceIndex"],
                each["InterfaceType"],
                "PrivateIpAddress" in each,
            )
            for each in node["NetworkInterfaces"]
        )
        assert found == [
            (0, 0, "interface", True),
            (0, 1, "efa-only", False),
            *((card, 0, "efa-only", False) for card in range(1, 32)),
        ]


def test_nodes_that_work_together_are_in_one_placement_group_without_adapters_too(deployed: Template) -> None:
    del deployed
    assert {node["Placement"]["GroupName"] for node in instances("on-demand")} == {"recsys-local-on-demand"}


def test_nodes_with_adapters_are_in_one_subnet_and_one_placement_group(deployed: Template) -> None:
    del deployed
    assert len({node["SubnetId"] for node in instances("efa")}) == 1
    assert {node["Placement"]["GroupName"] for node in instances("efa")} == {"recsys-local-efa"}


def test_a_cluster_is_in_the_first_subnet_whose_zone_offers_its_type(clusters: Clusters, deployed: Template) -> None:
    del deployed
    first, second = clusters.subnet_ids
    assert {node["SubnetId"] for node in instances("efa")} == {first}
    # P6 is offered in us-east-1a, and not in us-east-1b.
    assert {node["SubnetId"] for node in instances("block")} == {second}


def test_the_plan_fails_where_no_subnet_is_in_a_zone_that_offers_the_type(
    module_synth: Synth, module_terraform: StackTerraform
) -> None:
    elsewhere = Clusters(module_synth, module_terraform, zones=["us-east-1e"], component="elsewhere")
    stack = elsewhere.declare({"efa": {"instance_type": "p4d.24xlarge", "nodes": 2}})
    with pytest.raises(OperationError, match=r"No private subnet is in a zone that offers p4d\.24xlarge"):
        module_terraform.plan(stack)


def test_one_node_is_on_demand_and_the_others_are_spot(deployed: Template) -> None:
    del deployed
    assert sorted(node.get("InstanceLifecycle", "on-demand") for node in instances("spot")) == [
        "on-demand",
        "spot",
        "spot",
    ]


@pytest.mark.parametrize(
    ("kind", "reservation", "market"),
    [("reserved", "cr-0123456789abcdef0", None), ("block", "cr-0123456789abcdef1", "capacity-block")],
)
def test_what_is_reserved_is_named_in_the_launch_template(
    deployed: Template, kind: str, reservation: str, market: str | None
) -> None:
    del deployed
    answer = boto3.client("ec2").describe_launch_template_versions(
        LaunchTemplateName=f"recsys-local-{kind}", Versions=["$Latest"]
    )
    data = answer["LaunchTemplateVersions"][0]["LaunchTemplateData"]
    target = data["CapacityReservationSpecification"]["CapacityReservationTarget"]
    assert target == {"CapacityReservationId": reservation}
    assert data.get("InstanceMarketOptions", {}).get("MarketType") == market


def test_every_node_is_protected_and_boots_the_user_data(deployed: Template) -> None:
    del deployed
    for kind in KINDS.keys() - {"later-block"}:
        (group,) = boto3.client("autoscaling").describe_auto_scaling_groups(
            AutoScalingGroupNames=[f"recsys-local-{kind}"]
        )["AutoScalingGroups"]
        assert all(each["ProtectedFromScaleIn"] for each in group["Instances"])
        given = boto3.client("ec2").describe_instance_attribute(
            InstanceId=group["Instances"][0]["InstanceId"], Attribute="userData"
        )
        assert base64.b64decode(given["UserData"]["Value"]).startswith(b"#!/bin/bash\nCLUSTER=")


def test_a_second_plan_finds_nothing_to_do_even_where_nodes_have_published(
    clusters: Clusters, deployed: Template
) -> None:
    boto3.client("ssm").put_parameter(
        Name="/mlinfra/recsys/local/training/efa/master", Value="i-0123 10.0.0.4", Overwrite=True
    )
    boto3.client("autoscaling").set_desired_capacity(AutoScalingGroupName="recsys-local-spot", DesiredCapacity=1)
    clusters.terraform.plan(deployed).assert_empty()


def test_removing_experiments_removes_all_of_them_and_nothing_of_others(clusters: Clusters, deployed: Template) -> None:
    del deployed
    clusters.terraform.apply(clusters.declare({"on-demand": KINDS["on-demand"]}))
    names = [
        each["AutoScalingGroupName"]
        for each in boto3.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    ]
    assert names == ["recsys-local-on-demand"]
    assert [kind for kind in KINDS if instances(kind)] == ["on-demand"]
    # EC2 refuses to delete the placement group of nodes that are still shutting down.
    placement_groups = boto3.client("ec2").describe_placement_groups()["PlacementGroups"]
    assert [each["GroupName"] for each in placement_groups] == ["recsys-local-on-demand"]
    parameters = boto3.client("ssm").describe_parameters()["Parameters"]
    own = "/mlinfra/recsys/local/training/on-demand/"
    names = [each["Name"] for each in parameters if "/training/" in each["Name"]]
    assert f"{own}master" in names
    assert [name for name in names if not name.startswith(own)] == []
    groups = boto3.client("logs").describe_log_groups()["logGroups"]
    assert [each["logGroupName"] for each in groups] == ["/mlinfra/recsys/local/training/on-demand"]
    roles = [each["RoleName"] for each in boto3.client("iam").list_roles()["Roles"]]
    assert [each for each in roles if each.startswith("recsys-local")] == ["recsys-local-on-demand-node"]


def test_protected_nodes_do_not_keep_a_cluster_from_being_destroyed(clusters: Clusters) -> None:
    stack = clusters.declare({"on-demand": KINDS["on-demand"]})
    clusters.terraform.destroy(stack)
    assert clusters.terraform.state(stack).resources == {}
    assert instances("on-demand") == []
