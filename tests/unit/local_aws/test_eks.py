"""Clusters, node groups and updates of the local AWS's EKS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from mlinfra.local_aws.gaps.eks import clusters as eks_clusters, node_groups as eks_node_groups, updates as eks_updates

if TYPE_CHECKING:
    from collections.abc import Callable

ROLE = "arn:aws:iam::123456789012:role/eks"


@pytest.fixture
def eks(client: Callable[..., Any]) -> Any:
    return client("eks")


@pytest.fixture
def ec2(client: Callable[..., Any]) -> Any:
    return client("ec2")


@pytest.fixture
def subnets(ec2: Any) -> list[str]:
    vpc = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    zones = {"us-east-1a": "10.8.0.0/24", "us-east-1b": "10.8.1.0/24"}
    return [
        ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone)["Subnet"]["SubnetId"]
        for zone, cidr in zones.items()
    ]


@pytest.fixture
def cluster(eks: Any, subnets: list[str], request: pytest.FixtureRequest) -> str:
    name = str(request.node.name)
    eks.create_cluster(name=name, roleArn=ROLE, version="1.32", resourcesVpcConfig={"subnetIds": subnets})
    return name


def node_group(eks: Any, cluster: str, subnets: list[str], **more: Any) -> dict[str, Any]:
    made = eks.create_nodegroup(clusterName=cluster, nodegroupName="gpu", subnets=subnets, nodeRole=ROLE, **more)
    return dict(made["nodegroup"])


def described(eks: Any, cluster: str) -> dict[str, Any]:
    return dict(eks.describe_nodegroup(clusterName=cluster, nodegroupName="gpu")["nodegroup"])


def refused(call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return str(caught.value.response["Error"]["Code"])


@pytest.mark.parametrize("gap", [eks_clusters, eks_node_groups, eks_updates])
def test_moto_still_lacks_it(gap: Any) -> None:
    assert gap.is_open(), "moto has closed it: remove the gap"


def test_a_cluster_has_a_security_group_of_its_own_until_it_is_deleted(eks: Any, ec2: Any, cluster: str) -> None:
    network = eks.describe_cluster(name=cluster)["cluster"]["resourcesVpcConfig"]
    group = network["clusterSecurityGroupId"]
    (found,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert found["VpcId"] == network["vpcId"]
    eks.delete_cluster(name=cluster)
    assert refused(ec2.describe_security_groups, GroupIds=[group]) == "InvalidGroup.NotFound"


def test_a_cluster_has_every_setting(eks: Any, cluster: str) -> None:
    found = eks.describe_cluster(name=cluster)["cluster"]
    assert found["accessConfig"]["authenticationMode"] == "CONFIG_MAP"
    assert found["upgradePolicy"] == {"supportType": "EXTENDED"}
    assert found["kubernetesNetworkConfig"]["ipFamily"] == "ipv4"
    assert found["resourcesVpcConfig"]["publicAccessCidrs"] == ["0.0.0.0/0"]


def test_an_update_changes_only_what_it_names_and_can_be_followed(eks: Any, cluster: str, subnets: list[str]) -> None:
    change = {"endpointPrivateAccess": True, "endpointPublicAccess": False}
    update = eks.update_cluster_config(name=cluster, resourcesVpcConfig=change)["update"]
    assert (update["status"], update["type"]) == ("InProgress", "EndpointAccessUpdate")
    assert eks.describe_update(name=cluster, updateId=update["id"])["update"]["status"] == "Successful"
    network = eks.describe_cluster(name=cluster)["cluster"]["resourcesVpcConfig"]
    assert network["subnetIds"] == subnets
    assert not network["endpointPublicAccess"]
    assert eks.list_updates(name=cluster)["updateIds"] == [update["id"]]


def test_a_version_can_be_updated_but_not_to_itself(eks: Any, cluster: str) -> None:
    assert refused(eks.update_cluster_version, name=cluster, version="1.32") == "InvalidParameterException"
    update = eks.update_cluster_version(name=cluster, version="1.33")["update"]
    assert update["type"] == "VersionUpdate"
    assert eks.describe_cluster(name=cluster)["cluster"]["version"] == "1.33"


def test_an_update_that_there_is_not_is_not_found(eks: Any, cluster: str) -> None:
    assert refused(eks.describe_update, name=cluster, updateId="none") == "ResourceNotFoundException"
    assert refused(eks.list_updates, name="no-such-cluster") == "ResourceNotFoundException"
    assert refused(eks.list_nodegroups, clusterName="no-such-cluster") == "ResourceNotFoundException"


def test_a_node_group_has_what_it_was_asked_to_have(eks: Any, cluster: str, subnets: list[str]) -> None:
    node_group(eks, cluster, subnets, diskSize=100, updateConfig={"maxUnavailable": 2})
    found = described(eks, cluster)
    assert "remoteAccess" not in found
    assert "remoteAccessSecurityGroup" not in found["resources"]
    assert (found["version"], found["diskSize"], found["updateConfig"]) == ("1.32", 100, {"maxUnavailable": 2})


def test_a_launch_template_decides_what_is_its_own(eks: Any, ec2: Any, cluster: str, subnets: list[str]) -> None:
    data = {"InstanceType": "g5.xlarge", "ImageId": "ami-12345678"}
    template = ec2.create_launch_template(LaunchTemplateName=cluster, LaunchTemplateData=data)["LaunchTemplate"]
    node_group(eks, cluster, subnets, launchTemplate={"id": template["LaunchTemplateId"]})
    found = described(eks, cluster)
    assert not found.keys() & {"diskSize", "instanceTypes", "remoteAccess"}
    assert (found["amiType"], found["releaseVersion"]) == ("CUSTOM", "ami-12345678")
    assert found["launchTemplate"] == {"id": template["LaunchTemplateId"], "name": cluster, "version": "1"}


def test_node_groups_are_tagged_and_updated(eks: Any, cluster: str, subnets: list[str]) -> None:
    arn = node_group(eks, cluster, subnets, tags={"Team": "ml"})["nodegroupArn"]
    eks.tag_resource(resourceArn=arn, tags={"Owner": "ana"})
    eks.untag_resource(resourceArn=arn, tagKeys=["Team"])
    assert eks.list_tags_for_resource(resourceArn=arn)["tags"] == {"Owner": "ana"}
    sizes = {"minSize": 0, "maxSize": 4, "desiredSize": 1}
    group = {"clusterName": cluster, "nodegroupName": "gpu"}
    update = eks.update_nodegroup_config(**group, scalingConfig=sizes)["update"]
    found = eks.describe_update(name=cluster, nodegroupName="gpu", updateId=update["id"])["update"]
    assert found["status"] == "Successful"
    assert described(eks, cluster)["scalingConfig"] == sizes
    assert eks.update_nodegroup_version(**group)["update"]["type"] == "VersionUpdate"
