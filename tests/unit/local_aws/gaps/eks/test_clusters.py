"""EKS clusters."""

from __future__ import annotations

from typing import Any

from tests.unit.local_aws.conftest import error_code


def test_a_cluster_has_its_own_security_group_until_it_is_deleted(eks: Any, ec2: Any, cluster: str) -> None:
    network = eks.describe_cluster(name=cluster)["cluster"]["resourcesVpcConfig"]
    group = network["clusterSecurityGroupId"]
    (found,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    assert found["VpcId"] == network["vpcId"]
    eks.delete_cluster(name=cluster)
    assert error_code(ec2.describe_security_groups, GroupIds=[group]) == "InvalidGroup.NotFound"


def test_a_cluster_has_a_default_for_every_setting(eks: Any, cluster: str) -> None:
    found = eks.describe_cluster(name=cluster)["cluster"]
    assert found["accessConfig"]["authenticationMode"] == "CONFIG_MAP"
    assert found["upgradePolicy"] == {"supportType": "EXTENDED"}
    assert found["kubernetesNetworkConfig"]["ipFamily"] == "ipv4"
    assert found["resourcesVpcConfig"]["publicAccessCidrs"] == ["0.0.0.0/0"]
