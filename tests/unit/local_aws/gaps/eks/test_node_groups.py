"""EKS node groups."""

from __future__ import annotations

from typing import Any

from tests.unit.local_aws.gaps.eks.conftest import ROLE


def node_group(eks: Any, cluster: str, subnets: list[str], **more: Any) -> dict[str, Any]:
    made = eks.create_nodegroup(clusterName=cluster, nodegroupName="gpu", subnets=subnets, nodeRole=ROLE, **more)
    return dict(made["nodegroup"])


def described(eks: Any, cluster: str) -> dict[str, Any]:
    return dict(eks.describe_nodegroup(clusterName=cluster, nodegroupName="gpu")["nodegroup"])


def test_a_node_group_has_exactly_the_requested_settings(eks: Any, cluster: str, subnets: list[str]) -> None:
    node_group(eks, cluster, subnets, diskSize=100, updateConfig={"maxUnavailable": 2})
    found = described(eks, cluster)
    assert "remoteAccess" not in found
    assert "remoteAccessSecurityGroup" not in found["resources"]
    assert (found["version"], found["diskSize"], found["updateConfig"]) == ("1.32", 100, {"maxUnavailable": 2})


def test_settings_of_the_launch_template_are_not_reported_by_the_node_group(
    eks: Any, ec2: Any, cluster: str, subnets: list[str]
) -> None:
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
