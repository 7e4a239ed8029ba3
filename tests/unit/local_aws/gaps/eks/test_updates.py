"""Updates of EKS clusters and node groups."""

from __future__ import annotations

from typing import Any

from tests.unit.local_aws.conftest import error_code


def test_an_update_changes_only_named_settings_and_can_be_described(eks: Any, cluster: str, subnets: list[str]) -> None:
    change = {"endpointPrivateAccess": True, "endpointPublicAccess": False}
    update = eks.update_cluster_config(name=cluster, resourcesVpcConfig=change)["update"]
    assert (update["status"], update["type"]) == ("InProgress", "EndpointAccessUpdate")
    assert eks.describe_update(name=cluster, updateId=update["id"])["update"]["status"] == "Successful"
    network = eks.describe_cluster(name=cluster)["cluster"]["resourcesVpcConfig"]
    assert network["subnetIds"] == subnets
    assert not network["endpointPublicAccess"]
    assert eks.list_updates(name=cluster)["updateIds"] == [update["id"]]


def test_a_version_can_be_updated_but_not_to_the_same_version(eks: Any, cluster: str) -> None:
    assert error_code(eks.update_cluster_version, name=cluster, version="1.32") == "InvalidParameterException"
    update = eks.update_cluster_version(name=cluster, version="1.33")["update"]
    assert update["type"] == "VersionUpdate"
    assert eks.describe_cluster(name=cluster)["cluster"]["version"] == "1.33"


def test_an_unknown_update_is_not_found(eks: Any, cluster: str) -> None:
    assert error_code(eks.describe_update, name=cluster, updateId="none") == "ResourceNotFoundException"
    assert error_code(eks.list_updates, name="no-such-cluster") == "ResourceNotFoundException"
    assert error_code(eks.list_nodegroups, clusterName="no-such-cluster") == "ResourceNotFoundException"
