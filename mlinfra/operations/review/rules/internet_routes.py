"""Routes to the internet, and network ACLs that admit it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlinfra.operations.review.change import UNKNOWN, Change, Kind, items
from mlinfra.operations.review.finding import Finding, Level, Rule
from mlinfra.operations.review.rules.public import REACHABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.operations.review.plan import Plan

ROUTED: Final = Rule(
    "MLR314",
    Level.HOLD,
    "An existing route table gets a route to an internet gateway. Its subnets become public.",
    "Use a NAT gateway, or a separate subnet with a route table of its own.",
)
RULES: Final = (ROUTED,)

TYPES: Final = frozenset({"aws_route", "aws_route_table", "aws_default_route_table", "aws_network_acl_rule"})
"""The types that this module checks."""
_ROUTE_TABLES: Final = frozenset({"aws_route_table", "aws_default_route_table"})
_EVERYWHERE: Final = ("0.0.0.0/0", "::/0")


def check(plan: Plan) -> Iterator[Finding]:
    """Check routes and network ACLs."""
    for change in plan.changes:
        if not (change.creates or change.kind is Kind.UPDATE):
            continue
        if change.type == "aws_route":
            yield from _route(plan, change)
        elif change.type in _ROUTE_TABLES:
            yield from _route_table(plan, change)
        elif change.type == "aws_network_acl_rule":
            yield from _acl_rule(plan, change)


def _route(plan: Plan, change: Change) -> Iterator[Finding]:
    if change.kind is Kind.UPDATE and not change.differs("gateway_id"):
        return
    gateway = change.new("gateway_id")
    target = plan.referred_to(change, "gateway_id") if gateway is UNKNOWN else None
    if not (isinstance(gateway, str) and gateway.startswith("igw-")) and not (
        target and target.type == "aws_internet_gateway"
    ):
        return
    table = plan.name(change, "route_table_id")
    # A new table has no subnets with resources yet.
    rule = REACHABLE if plan.makes(change, "route_table_id") else ROUTED
    yield rule.at(plan.stack, change, f"The route table {table} gets a route to an internet gateway.")


def _route_table(plan: Plan, change: Change) -> Iterator[Finding]:
    def to_internet(routes: object) -> int:
        gateways = (each.get("gateway_id") for each in items(routes) if isinstance(each, dict))
        return sum(isinstance(each, str) and each.startswith("igw-") for each in gateways)

    if to_internet(change.new("route")) > to_internet(change.old("route")):
        rule = REACHABLE if change.kind is Kind.CREATE else ROUTED
        name = change.name("tags.Name", "id")
        yield rule.at(plan.stack, change, f"The route table {name} gets a route to an internet gateway.")


def _acl_rule(plan: Plan, change: Change) -> Iterator[Finding]:
    ranges = (
        {change.new("cidr_block"), change.new("ipv6_cidr_block")} if change.new("cidr_block") is not UNKNOWN else ()
    )
    if change.new("egress") is True or change.new("rule_action") != "allow" or not {*ranges} & {*_EVERYWHERE}:
        return
    acl = plan.name(change, "network_acl_id")
    yield REACHABLE.at(plan.stack, change, f"The network ACL {acl} allows traffic from all addresses.")
