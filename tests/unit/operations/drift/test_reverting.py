"""Unmanaged parts that are removed from the local AWS."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.aws.account import account_of
from mlinfra.operations.drift import Report, Reverted, StackReport, revert, way_back
from mlinfra.operations.drift.refresh_plan import Resource
from mlinfra.operations.drift.report import Difference
from mlinfra.operations.drift.unmanaged import Managed, unmanaged
from tests.conftest import an_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

NOW = datetime(2026, 11, 26, tzinfo=timezone.utc)
TAG = Difference("local-data", "aws_s3_bucket.lake", "changed", "tags.Zone", "raw", "hot")
POLICY = """{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}"""
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.fixture
def parts(client: Callable[..., Any]) -> list[Difference]:
    """A role with two policies, a group with two rules, and a table with a route, all of which no stack manages."""
    iam, ec2 = client("iam"), client("ec2")
    iam.create_role(RoleName="nodes", AssumeRolePolicyDocument="{}")
    iam.attach_role_policy(RoleName="nodes", PolicyArn=ADMIN)
    iam.put_role_policy(RoleName="nodes", PolicyName="own", PolicyDocument=POLICY)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    group = ec2.create_security_group(GroupName="nodes", Description="Nodes.", VpcId=vpc)["GroupId"]
    allowed = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[allowed])
    resources = [
        Resource("aws_iam_role.nodes", "aws_iam_role", {"id": "nodes", "name": "nodes"}),
        Resource("aws_security_group.nodes", "aws_security_group", {"id": group}),
        Resource("aws_route_table.t", "aws_route_table", {"id": table}),
    ]
    managed = Managed()
    managed.add(resources)
    managed.routes[table].add("10.1.0.0/16")
    return list(unmanaged("local-data", resources, managed, _account()))


def _account() -> Any:
    return account_of(an_environment(name="local", account_id="123456789012", emulated=True))


def report(*differences: Difference, problems: tuple[str, ...] = ()) -> Report:
    return Report("local", NOW, (StackReport("local-data", problems=problems, differences=differences),))


def reverted(given: Report, *, answer: bool = True, is_complete: bool = True) -> Reverted:
    return revert(given, _account(), is_complete=is_complete, confirm=lambda _: answer)


def kinds(differences: Sequence[Difference]) -> list[str]:
    return sorted(each.attribute.rpartition(" ")[0] for each in differences)


def test_unmanaged_parts_are_removed_and_nothing_else(parts: list[Difference], client: Callable[..., Any]) -> None:
    result = reverted(report(*parts, TAG))
    assert kinds(result.removed) == ["attached policy", "egress rule", "ingress rule", "inline policy", "route"]
    assert (result.failed, result.remaining) == ((), (TAG,))
    assert client("iam").list_attached_role_policies(RoleName="nodes")["AttachedPolicies"] == []
    assert client("iam").list_role_policies(RoleName="nodes")["PolicyNames"] == []
    rules = client("ec2").describe_security_group_rules()["SecurityGroupRules"]
    assert not [each for each in rules if each.get("CidrIpv4") == "0.0.0.0/0" and each.get("FromPort") == 22]


def test_declined_nothing_is_removed(parts: list[Difference], client: Callable[..., Any]) -> None:
    assert reverted(report(*parts), answer=False).removed == ()
    assert client("iam").list_role_policies(RoleName="nodes")["PolicyNames"] == ["own"]


def test_ignored_parts_are_kept(parts: list[Difference]) -> None:
    ignored = [Difference(**{**each.__dict__, "status": "ignored"}) for each in parts]
    assert reverted(report(*ignored)).removed == ()


def test_a_deleted_part_does_not_stop_the_others(parts: list[Difference], client: Callable[..., Any]) -> None:
    client("iam").detach_role_policy(RoleName="nodes", PolicyArn=ADMIN)
    result = reverted(report(*parts))
    ((failed, error),) = result.failed
    assert failed.attribute == f"attached policy {ADMIN}"
    assert "NoSuchEntity" in error
    assert len(result.removed) == 4


@pytest.mark.usefixtures("client")
def test_an_incomplete_check_reverts_nothing() -> None:
    with pytest.raises(OperationError, match="Nothing was reverted: a part that another stack of local manages"):
        reverted(report(TAG), is_complete=False)
    with pytest.raises(OperationError, match="Nothing was reverted, because checks failed in local-data") as refused:
        reverted(report(TAG, problems=("no access",)))
    assert refused.value.details == "no access"


def test_each_difference_names_the_command_that_reverts_it(parts: list[Difference]) -> None:
    assert {way_back(each, "local") for each in parts} == {"mlinfra drift --env local --revert"}
    assert way_back(TAG, "local") == "mlinfra up local local-data"
