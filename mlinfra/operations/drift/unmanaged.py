"""What stands beside managed resources and no plan of Terraform shows.

A policy attached to a role, a rule added to a security group, a route, or a statement in the policy of a function
is a resource of its own. Where Terraform manages the others one by one, it does not know of the new one, and every
plan is empty. So AWS is asked.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from mlinfra.operations.drift.report import Difference

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mlinfra.operations.aws import AwsAccount
    from mlinfra.operations.drift.recorded import Resource

_GONE = frozenset(
    {"NoSuchEntity", "InvalidGroup.NotFound", "InvalidRouteTableID.NotFound", "ResourceNotFoundException"}
)
_THROUGH = (
    "GatewayId",
    "NatGatewayId",
    "TransitGatewayId",
    "VpcPeeringConnectionId",
    "EgressOnlyInternetGatewayId",
    "NetworkInterfaceId",
    "CarrierGatewayId",
    "LocalGatewayId",
    "CoreNetworkArn",
)
_DESTINATIONS = {
    "DestinationCidrBlock": "destination_cidr_block",
    "DestinationIpv6CidrBlock": "destination_ipv6_cidr_block",
    "DestinationPrefixListId": "destination_prefix_list_id",
}


@dataclass
class Managed:
    """What the stacks looked at manage of others, wherever the role, group, table or function itself is."""

    attached: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """ARNs of policies, by role."""

    inline: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Names of policies, by role."""

    rules: set[str] = field(default_factory=set)
    """Ids of security group rules."""

    groups_with_rules_without_id: set[str] = field(default_factory=set)
    """Groups of an `aws_security_group_rule` of several sources: it is several rules in AWS, and has the id of none."""

    routes: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Where to, by route table."""

    statements: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Statements of the policy of a function, by its name."""

    def add(self, resources: Sequence[Resource]) -> None:  # noqa: C901  a case for each type, and no way through two
        """Add what one stack manages."""
        for each in resources:
            values = each.values
            match each.type:
                case "aws_iam_role_policy_attachment":
                    self.attached[values["role"]].add(values["policy_arn"])
                case "aws_iam_policy_attachment":
                    for role in values.get("roles") or ():
                        self.attached[role].add(values["policy_arn"])
                case "aws_iam_role_policy":
                    self.inline[values["role"]].add(values["name"])
                case "aws_vpc_security_group_ingress_rule" | "aws_vpc_security_group_egress_rule":
                    self.rules.add(values["id"])
                case "aws_security_group_rule":
                    if values.get("security_group_rule_id"):
                        self.rules.add(values["security_group_rule_id"])
                    else:
                        self.groups_with_rules_without_id.add(values["security_group_id"])
                case "aws_route":
                    to = (values.get(name) for name in _DESTINATIONS.values())
                    self.routes[values["route_table_id"]].update(filter(None, to))
                case "aws_lambda_permission":
                    self.statements[_function(values["function_name"])].add(values["statement_id"])


def unmanaged(stack: str, resources: Sequence[Resource], managed: Managed, account: AwsAccount) -> Iterator[Difference]:
    """What stands beside the resources of one stack, and none of the stacks looked at manages.

    Args:
        stack: its name.
        resources: what it holds.
        managed: what all stacks looked at manage.
        account: where to ask.

    Raises:
        ClientError: where AWS refuses.
    """
    iam, ec2, functions = (account.client(name) for name in ("iam", "ec2", "lambda"))
    for each in resources:
        if each.type == "aws_iam_role":
            yield from _policies(stack, each, managed, iam)
        elif each.type == "aws_security_group":
            yield from _rules(stack, each, managed, ec2)
        elif each.type == "aws_route_table":
            yield from _routes(stack, each, managed, ec2)
        elif each.type == "aws_lambda_function":
            yield from _statements(stack, each, managed, functions)


def _policies(stack: str, role: Resource, managed: Managed, iam: Any) -> Iterator[Difference]:  # noqa: ANN401  boto3
    name = role.values["name"]
    try:
        # A role whose configuration lists its policies is compared with them by Terraform.
        if "managed_policy_arns" not in role.configured:
            for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=name):
                for policy in page["AttachedPolicies"]:
                    if policy["PolicyArn"] not in managed.attached[name]:
                        attribute = f"attached policy {policy['PolicyArn']}"
                        yield _extra(stack, role, attribute, "attached")
        if "inline_policy" not in role.configured:
            for page in iam.get_paginator("list_role_policies").paginate(RoleName=name):
                for policy in page["PolicyNames"]:
                    if policy not in managed.inline[name]:
                        document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
                        yield _extra(stack, role, f"inline policy {policy}", document)
    except ClientError as error:
        _unless_gone(error)


def _rules(stack: str, group: Resource, managed: Managed, ec2: Any) -> Iterator[Difference]:  # noqa: ANN401  boto3
    id_ = group.values["id"]
    if id_ in managed.groups_with_rules_without_id:
        return
    pages = ec2.get_paginator("describe_security_group_rules").paginate(Filters=[{"Name": "group-id", "Values": [id_]}])
    try:
        for page in pages:
            for rule in page["SecurityGroupRules"]:
                direction = "egress" if rule["IsEgress"] else "ingress"
                # Rules inside the group's own configuration are compared by Terraform.
                if rule["SecurityGroupRuleId"] not in managed.rules and direction not in group.configured:
                    extra = _extra(stack, group, f"{direction} rule {rule['SecurityGroupRuleId']}", in_words(rule))
                    yield extra
    except ClientError as error:
        _unless_gone(error)


def _routes(stack: str, table: Resource, managed: Managed, ec2: Any) -> Iterator[Difference]:  # noqa: ANN401  boto3
    id_ = table.values["id"]
    # Routes that are part of the table, or of which no stack has one, are compared by Terraform.
    if "route" in table.configured or id_ not in managed.routes:
        return
    try:
        (found,) = ec2.describe_route_tables(RouteTableIds=[id_])["RouteTables"]
    except ClientError as error:
        _unless_gone(error)
        return
    for route in found["Routes"]:
        to = next((route[name] for name in _DESTINATIONS if route.get(name)), "")
        # AWS makes the local route, those of propagation, and those of gateway endpoints.
        is_own = route.get("Origin", "CreateRoute") != "CreateRoute" or route.get("GatewayId", "").startswith(
            ("local", "vpce-")
        )
        if to and not is_own and to not in managed.routes[id_]:
            through = next((route[name] for name in _THROUGH if route.get(name)), "what AWS does not say")
            yield _extra(stack, table, f"route {to}", f"through {through}")


def _statements(
    stack: str,
    function: Resource,
    managed: Managed,
    functions: Any,  # noqa: ANN401  boto3
) -> Iterator[Difference]:
    name = function.values["function_name"]
    try:
        policy = json.loads(functions.get_policy(FunctionName=name)["Policy"])
    except ClientError as error:
        # A function without a policy, too.
        _unless_gone(error)
        return
    for statement in policy["Statement"]:
        if statement.get("Sid") not in managed.statements[name]:
            yield _extra(stack, function, f"policy statement {statement.get('Sid')}", statement)


def _function(name: str) -> str:
    """The name of a function that is given by that or by its ARN."""
    return name.split(":")[6] if name.startswith("arn:") else name


def in_words(rule: Mapping[str, Any]) -> str:
    """A rule of a security group as a sentence, as DescribeSecurityGroupRules has it."""
    protocol = "all traffic" if rule["IpProtocol"] == "-1" else rule["IpProtocol"]
    first, last = rule.get("FromPort", -1), rule.get("ToPort", -1)
    ports = "" if first in (None, -1) else f" {first}" if first == last else f" {first}-{last}"
    other = (
        rule.get("CidrIpv4")
        or rule.get("CidrIpv6")
        or rule.get("PrefixListId")
        or rule.get("ReferencedGroupInfo", {}).get("GroupId")
        or "an unknown source"
    )
    return f"{protocol}{ports} {'to' if rule['IsEgress'] else 'from'} {other}"


def _extra(stack: str, resource: Resource, attribute: str, value: Any) -> Difference:  # noqa: ANN401  any JSON
    return Difference(stack, resource.address, "unmanaged", attribute, None, value, names=resource.names)


def _unless_gone(error: ClientError) -> None:
    """Raise `error`, unless it says that the resource is gone: that is told as its own difference."""
    if error.response["Error"]["Code"] not in _GONE:
        raise error
