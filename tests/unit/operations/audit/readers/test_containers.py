"""EKS and Batch in a local AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.unit.operations.audit.readers.reading import ROLE, charges, read, read_one

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_cluster_and_its_node_groups(client: Callable[..., Any]) -> None:
    eks = client("eks")
    subnets = [each["SubnetId"] for each in client("ec2").describe_subnets()["Subnets"][:2]]
    eks.create_cluster(name="kube", roleArn=ROLE, resourcesVpcConfig={"subnetIds": subnets}, tags={"Owner": "ana"})
    eks.create_nodegroup(clusterName="kube", nodegroupName="gpu", subnets=subnets, nodeRole=ROLE)
    cluster, group = read(client, "eks-cluster")
    assert (cluster.id, charges(cluster), cluster.tags) == ("kube", [("eks", "cluster", 1)], {"Owner": "ana"})
    assert (group.kind, group.id, group.charges) == ("node-group", "kube:gpu", ())


def test_a_compute_environment(client: Callable[..., Any]) -> None:
    subnet = client("ec2").describe_subnets()["Subnets"][0]
    group = client("ec2").describe_security_groups()["SecurityGroups"][0]["GroupId"]
    role = client("iam").create_role(RoleName="batch", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    profile = client("iam").create_instance_profile(InstanceProfileName="batch")["InstanceProfile"]["Arn"]
    client("batch").create_compute_environment(
        computeEnvironmentName="queue",
        type="MANAGED",
        state="ENABLED",
        serviceRole=role,
        computeResources={
            "type": "EC2",
            "minvCpus": 0,
            "maxvCpus": 32,
            "instanceTypes": ["g5"],
            "instanceRole": profile,
            "subnets": [subnet["SubnetId"]],
            "securityGroupIds": [group],
        },
    )
    found = read_one(client, "compute-environment")
    assert (found.id, found.state) == ("queue", "enabled valid")
