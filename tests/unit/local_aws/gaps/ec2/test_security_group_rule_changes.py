"""In-place changes of security group rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="module")
def groups(client: Callable[..., Any]) -> tuple[str, str]:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.42.0.0/16")["Vpc"]["VpcId"]
    one, two = (
        ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"] for name in ("one", "two")
    )
    return one, two


def changed(ec2: Any, group: str, permission: dict[str, Any], change: dict[str, Any]) -> Any:
    answer = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])
    rule = answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    try:
        update = {"SecurityGroupRuleId": rule, "SecurityGroupRule": change}
        ec2.modify_security_group_rules(GroupId=group, SecurityGroupRules=[update])
        return ec2.describe_security_group_rules(SecurityGroupRuleIds=[rule])["SecurityGroupRules"][0]
    finally:
        ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[rule])


def test_a_rule_for_all_protocols_can_be_changed_without_ports(ec2: Any, groups: tuple[str, str]) -> None:
    one, two = groups
    permission = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": one, "Description": "Nodes"}]}
    change = {"IpProtocol": "-1", "ReferencedGroupId": two, "Description": "Other nodes"}
    found = changed(ec2, one, permission, change)
    assert found["ReferencedGroupInfo"]["GroupId"] == two
    assert found["Description"] == "Other nodes"


def test_a_rule_for_tcp_requires_ports(ec2: Any, groups: tuple[str, str]) -> None:
    one, _ = groups
    ports = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22}
    permission = {**ports, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    with pytest.raises(ClientError, match="Must specify both from and to ports"):
        changed(ec2, one, permission, {"IpProtocol": "tcp", "CidrIpv4": "10.0.0.0/8"})
    found = changed(ec2, one, permission, {**ports, "ToPort": 23, "CidrIpv4": "10.1.0.0/16"})
    assert (found["ToPort"], found["CidrIpv4"]) == (23, "10.1.0.0/16")
