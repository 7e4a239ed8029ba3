from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.operations.aws.account import account_of
from mlinfra.operations.drift.refresh_plan import Resource
from mlinfra.operations.drift.unmanaged import Managed, rule_text, unmanaged
from tests.conftest import an_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
SSM = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"


def beside(resources: Sequence[Resource], managed: Sequence[Resource] = ()) -> list[tuple[str, Any]]:
    everything = Managed()
    everything.add([*resources, *managed])
    account = account_of(an_environment(name="local", account_id="123456789012", emulated=True))
    return [(each.attribute, each.after) for each in unmanaged("local-data", resources, everything, account)]


@pytest.fixture
def role(client: Callable[..., Any]) -> Resource:
    """A role with one attached and one inline policy."""
    iam = client("iam")
    iam.create_role(RoleName="nodes", AssumeRolePolicyDocument="{}")
    iam.attach_role_policy(RoleName="nodes", PolicyArn=SSM)
    iam.put_role_policy(RoleName="nodes", PolicyName="own", PolicyDocument=json.dumps(POLICY))
    return Resource("aws_iam_role.nodes", "aws_iam_role", {"id": "nodes", "name": "nodes"})


def test_unmanaged_policies_are_reported(role: Resource) -> None:
    assert beside([role]) == [(f"attached policy {SSM}", "attached"), ("inline policy own", POLICY)]


def test_policies_that_another_stack_manages_are_not_reported(role: Resource, client: Callable[..., Any]) -> None:
    attached = Resource("a.b", "aws_iam_role_policy_attachment", {"role": "nodes", "policy_arn": SSM})
    inline = Resource("a.c", "aws_iam_role_policy", {"role": "nodes", "name": "own"})
    assert beside([role], [attached, inline]) == []
    client("iam").attach_role_policy(RoleName="nodes", PolicyArn=ADMIN)
    assert beside([role], [attached, inline]) == [(f"attached policy {ADMIN}", "attached")]


def test_policies_declared_in_the_role_are_compared_by_terraform(role: Resource) -> None:
    configured = {"managed_policy_arns": [SSM], "inline_policy": [{"name": "own"}]}
    assert beside([Resource(role.address, role.type, role.values, configured)]) == []


def test_a_deleted_role_has_no_unmanaged_policies(client: Callable[..., Any]) -> None:
    del client
    assert beside([Resource("aws_iam_role.gone", "aws_iam_role", {"id": "gone", "name": "gone"})]) == []


@pytest.fixture
def group(client: Callable[..., Any]) -> Resource:
    """A security group with a rule that lets HTTPS in, and AWS's own that lets everything out."""
    ec2 = client("ec2")
    id_ = ec2.create_security_group(GroupName="nodes", Description="Nodes.")["GroupId"]
    allowed = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    ec2.authorize_security_group_ingress(GroupId=id_, IpPermissions=[allowed])
    return Resource("aws_security_group.nodes", "aws_security_group", {"id": id_})


def test_unmanaged_rules_are_reported_in_words(group: Resource) -> None:
    assert sorted(value for _, value in beside([group])) == ["all traffic to 0.0.0.0/0", "tcp 443 from 10.0.0.0/8"]


def test_managed_rules_are_not_reported(group: Resource, client: Callable[..., Any]) -> None:
    (https,) = [
        each["SecurityGroupRuleId"]
        for each in client("ec2").describe_security_group_rules()["SecurityGroupRules"]
        if each["GroupId"] == group.values["id"] and not each["IsEgress"]
    ]
    rule = Resource("a.b", "aws_vpc_security_group_ingress_rule", {"id": https})
    assert [value for _, value in beside([group], [rule])] == ["all traffic to 0.0.0.0/0"]


def test_rules_declared_in_the_group_are_compared_by_terraform(group: Resource) -> None:
    configured: dict[str, Any] = {"ingress": [], "egress": []}
    assert beside([Resource(group.address, group.type, group.values, configured)]) == []


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"IpProtocol": "-1", "IsEgress": False, "CidrIpv6": "::/0"}, "all traffic from ::/0"),
        (
            {"IpProtocol": "udp", "IsEgress": True, "FromPort": 53, "ToPort": 60, "PrefixListId": "pl-1"},
            "udp 53-60 to pl-1",
        ),
        (
            {
                "IpProtocol": "icmp",
                "IsEgress": False,
                "FromPort": -1,
                "ToPort": -1,
                "ReferencedGroupInfo": {"GroupId": "sg-1"},
            },
            "icmp from sg-1",
        ),
    ],
)
def test_a_rule_in_words(rule: dict[str, Any], words: str) -> None:
    assert rule_text(rule) == words


@pytest.fixture
def table(client: Callable[..., Any]) -> Resource:
    """A route table with a route to the internet, beside the local one and that of an endpoint."""
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(VpcId=vpc, InternetGatewayId=gateway)
    id_ = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3", RouteTableIds=[id_])
    ec2.create_route(RouteTableId=id_, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    return Resource("aws_route_table.private", "aws_route_table", {"id": id_, "gateway": gateway})


def test_an_unmanaged_route_is_reported(table: Resource, client: Callable[..., Any]) -> None:
    managed = Resource(
        "aws_route.out",
        "aws_route",
        {"route_table_id": table.values["id"], "destination_cidr_block": "0.0.0.0/0", "destination_prefix_list_id": ""},
    )
    assert beside([table], [managed]) == []
    gateway = table.values["gateway"]
    client("ec2").create_route(
        RouteTableId=table.values["id"], DestinationCidrBlock="198.51.100.0/24", GatewayId=gateway
    )
    assert beside([table], [managed]) == [("route 198.51.100.0/24", f"to {gateway}")]


def test_routes_declared_in_the_table_are_compared_by_terraform(table: Resource) -> None:
    managed = Resource("a.b", "aws_route", {"route_table_id": table.values["id"]})
    assert beside([Resource(table.address, table.type, table.values, {"route": []})], [managed]) == []
    assert beside([table]) == []


def test_an_unmanaged_statement_in_the_policy_of_a_function_is_reported(client: Callable[..., Any]) -> None:
    functions, iam = client("lambda"), client("iam")
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}}]}
    role = iam.create_role(RoleName="function", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("main.py", "")
    functions.create_function(
        FunctionName="janitor", Role=role, Runtime="python3.12", Handler="main.x", Code={"ZipFile": archive.getvalue()}
    )
    function = Resource("aws_lambda_function.f", "aws_lambda_function", {"function_name": "janitor"})
    assert beside([function]) == []
    for name, principal in (("schedule", "events.amazonaws.com"), ("byhand", "*")):
        functions.add_permission(
            FunctionName="janitor", StatementId=name, Action="lambda:InvokeFunction", Principal=principal
        )
    arn = "arn:aws:lambda:us-east-1:123456789012:function:janitor"
    managed = Resource("a.b", "aws_lambda_permission", {"function_name": arn, "statement_id": "schedule"})
    ((attribute, statement),) = beside([function], [managed])
    assert (attribute, statement["Principal"]) == ("policy statement byhand", "*")
