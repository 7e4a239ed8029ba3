"""Descriptions of security group rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


def test_a_rule_that_references_a_group_keeps_its_description(client: Callable[..., Any]) -> None:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    group = ec2.create_security_group(GroupName="nodes", Description="nodes", VpcId=vpc)["GroupId"]
    pair = {"GroupId": group, "Description": "Everything from other nodes"}
    ec2.authorize_security_group_ingress(
        GroupId=group, IpPermissions=[{"IpProtocol": "-1", "UserIdGroupPairs": [pair]}]
    )
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]
    assert [each["Description"] for each in rules if not each["IsEgress"]] == ["Everything from other nodes"]


def test_a_gap_closed_by_moto_is_reported_as_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    from moto.ec2.models.security_groups import SecurityGroupRule

    from mlinfra.local_aws.gaps.ec2 import security_group_rules as gap

    assert gap.is_open(), "moto has closed it: remove the gap"
    monkeypatch.setattr(SecurityGroupRule, "description", "kept")
    assert not gap.is_open()
