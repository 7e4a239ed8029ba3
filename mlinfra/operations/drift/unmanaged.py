"""Unmanaged policies, rules, routes and statements of managed resources.

A policy attached to a role, a rule of a security group, a route, and a statement in the policy of a function are
resources of their own. If Terraform manages them one by one, plans do not show additional ones. They are read from AWS.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from mlinfra.operations.drift.report import Difference, Removal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mlinfra.operations.aws import AwsAccount
    from mlinfra.operations.drift.refresh_plan import Resource

_NOT_FOUND = frozenset(
    {"NoSuchEntity", "InvalidGroup.NotFound", "InvalidRouteTableID.NotFound", "ResourceNotFoundException"}
)
_TARGETS = (
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
    """Parts that the checked stacks manage, of roles, groups, tables and functions in any stack."""

    attached: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """ARNs of policies, by role."""

    inline: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Names of policies, by role."""

    rules: set[str] = field(default_factory=set)
    """Ids of security group rules."""

    groups_with_rules_without_id: set[str] = field(default_factory=set)
    """Groups with an `aws_security_group_rule` of several sources. In AWS it is several rules, with unknown ids."""

    routes: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Destinations, by route table."""

    statements: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Ids of policy statements, by function."""

    def add(self, resources: Sequence[Resource]) -> None:  # noqa: C901  one case for each type
        """Add the resources of one stack."""
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
                    destinations = (values.get(name) for name in _DESTINATIONS.values())
                    self.routes[values["route_table_id"]].update(filter(None, destinations))
                case "aws_lambda_permission":
                    self.statements[_function(values["function_name"])].add(values["statement_id"])


def unmanaged(stack: str, resources: Sequence[Resource], managed: Managed, account: AwsAccount) -> Iterator[Difference]:
    """Find parts of the resources of one stack that no checked stack manages.

    Args:
        stack: the name of the stack.
        resources: its resources.
        managed: the managed parts of all checked stacks.
        account: the AWS account.

    Raises:
        ClientError: if AWS refuses a request.
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
        # Terraform itself compares policies that are declared in the role.
        if "managed_policy_arns" not in role.configured:
            for page in iam.get_paginator("list_attached_role_policies").paginate(RoleName=name):
                for policy in page["AttachedPolicies"]:
                    if policy["PolicyArn"] not in managed.attached[name]:
                        attribute = f"attached policy {policy['PolicyArn']}"
                        parameters = {"RoleName": name, "PolicyArn": policy["PolicyArn"]}
                        removal = Removal("iam", "detach_role_policy", parameters)
                        yield _extra(stack, role, attribute, "attached", removal)
        if "inline_policy" not in role.configured:
            for page in iam.get_paginator("list_role_policies").paginate(RoleName=name):
                for policy in page["PolicyNames"]:
                    if policy not in managed.inline[name]:
                        document = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
                        removal = Removal("iam", "delete_role_policy", {"RoleName": name, "PolicyName": policy})
                        yield _extra(stack, role, f"inline policy {policy}", document, removal)
    except ClientError as error:
        _raise_unless_not_found(error)


def _rules(stack: str, group: Resource, managed: Managed, ec2: Any) -> Iterator[Difference]:  # noqa: ANN401  boto3
    id_ = group.values["id"]
    if id_ in managed.groups_with_rules_without_id:
        return
    pages = ec2.get_paginator("describe_security_group_rules").paginate(Filters=[{"Name": "group-id", "Values": [id_]}])
    try:
        for page in pages:
            for rule in page["SecurityGroupRules"]:
                direction = "egress" if rule["IsEgress"] else "ingress"
                # Terraform itself compares rules that are declared in the group.
                if rule["SecurityGroupRuleId"] not in managed.rules and direction not in group.configured:
                    rule_id = rule["SecurityGroupRuleId"]
                    parameters = {"GroupId": id_, "SecurityGroupRuleIds": [rule_id]}
                    removal = Removal("ec2", f"revoke_security_group_{direction}", parameters)
                    yield _extra(stack, group, f"{direction} rule {rule_id}", rule_text(rule), removal)
    except ClientError as error:
        _raise_unless_not_found(error)


def _routes(stack: str, table: Resource, managed: Managed, ec2: Any) -> Iterator[Difference]:  # noqa: ANN401  boto3
    id_ = table.values["id"]
    # Terraform itself compares routes that are declared in the table, or of tables without separate routes.
    if "route" in table.configured or id_ not in managed.routes:
        return
    try:
        (found,) = ec2.describe_route_tables(RouteTableIds=[id_])["RouteTables"]
    except ClientError as error:
        _raise_unless_not_found(error)
        return
    for route in found["Routes"]:
        kind = next((name for name in _DESTINATIONS if route.get(name)), "")
        to = route.get(kind, "")
        # AWS creates the local route, propagated routes, and routes of gateway endpoints.
        is_created_by_aws = route.get("Origin", "CreateRoute") != "CreateRoute" or route.get(
            "GatewayId", ""
        ).startswith(("local", "vpce-"))
        if to and not is_created_by_aws and to not in managed.routes[id_]:
            target = next((route[name] for name in _TARGETS if route.get(name)), "an unknown target")
            removal = Removal("ec2", "delete_route", {"RouteTableId": id_, kind: to})
            yield _extra(stack, table, f"route {to}", f"to {target}", removal)


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
        # The same error for a function without a policy.
        _raise_unless_not_found(error)
        return
    for statement in policy["Statement"]:
        # Lambda requires an id for each statement.
        sid = statement["Sid"]
        if sid not in managed.statements[name]:
            removal = Removal("lambda", "remove_permission", {"FunctionName": name, "StatementId": sid})
            yield _extra(stack, function, f"policy statement {sid}", statement, removal)


def _function(name: str) -> str:
    """The name of a function, given its name or ARN."""
    return name.split(":")[6] if name.startswith("arn:") else name


def rule_text(rule: Mapping[str, Any]) -> str:
    """A rule of DescribeSecurityGroupRules in words."""
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


def _extra(
    stack: str,
    resource: Resource,
    attribute: str,
    value: Any,  # noqa: ANN401  any JSON
    removal: Removal,
) -> Difference:
    return Difference(
        stack, resource.address, "unmanaged", attribute, None, value, names=resource.names, removal=removal
    )


def _raise_unless_not_found(error: ClientError) -> None:
    """Raise `error`, unless the resource was not found: deletions are reported by Terraform."""
    if error.response["Error"]["Code"] not in _NOT_FOUND:
        raise error
