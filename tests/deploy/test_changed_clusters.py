"""Changes of experiments whose clusters are running. Real Terraform."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.deploy.clusters import Clusters, instances

if TYPE_CHECKING:
    from mlinfra.testing import StackTerraform, Synth

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("changed-clusters")]

TOGETHER: dict[str, dict[str, Any]] = {
    "fewer-nodes": {"instance_type": "g5.xlarge", "nodes": 2},
    "independent": {"instance_type": "g5.xlarge", "nodes": 2},
    "without-efa": {"instance_type": "p4d.24xlarge", "nodes": 1, "efa": True},
}
APART: dict[str, dict[str, Any]] = {
    "fewer-nodes": {"instance_type": "g5.xlarge", "nodes": 1},
    "independent": {"instance_type": "g5.xlarge", "nodes": 2, "gang": False},
    "without-efa": {"instance_type": "p4d.24xlarge", "nodes": 1, "efa": False},
}


@pytest.fixture(scope="module")
def changed(module_synth: Synth, module_terraform: StackTerraform) -> tuple[Clusters, dict[str, set[str]]]:
    """Clusters that no longer need their placement group, and the nodes that they had before."""
    clusters = Clusters(module_synth, module_terraform)
    module_terraform.apply(clusters.declare(TOGETHER))
    before = {name: ids(name) for name in TOGETHER}
    apart = clusters.declare(APART)
    module_terraform.apply(apart)
    module_terraform.plan(apart).assert_empty()
    return clusters, before


def ids(name: str) -> set[str]:
    return {each["InstanceId"] for each in instances(name)}


@pytest.mark.parametrize("name", TOGETHER)
def test_all_nodes_of_a_changed_cluster_keep_running(changed: tuple[Clusters, dict[str, set[str]]], name: str) -> None:
    _, before = changed
    assert ids(name) == before[name]
    assert len(before[name]) == TOGETHER[name]["nodes"]


@pytest.mark.parametrize("name", TOGETHER)
def test_running_nodes_stay_in_the_placement_group_and_new_ones_are_launched_outside(
    changed: tuple[Clusters, dict[str, set[str]]], name: str
) -> None:
    del changed
    group_name = f"recsys-local-{name}"
    assert {node["Placement"]["GroupName"] for node in instances(name)} == {group_name}
    (group,) = boto3.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group_name])[
        "AutoScalingGroups"
    ]
    assert not group.get("PlacementGroup")
    # The apply would fail if it deleted the placement group.
    with pytest.raises(ClientError, match="InUse"):
        boto3.client("ec2").delete_placement_group(GroupName=group_name)


def test_removing_the_experiments_deletes_their_placement_groups(
    changed: tuple[Clusters, dict[str, set[str]]],
) -> None:
    clusters, _ = changed
    clusters.terraform.apply(clusters.declare({}))
    assert [name for name in TOGETHER if instances(name)] == []
    assert boto3.client("ec2").describe_placement_groups()["PlacementGroups"] == []
