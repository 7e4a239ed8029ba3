"""Networks: NAT gateways, interface endpoints, public addresses and load balancers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlinfra.declarations import Missing
from mlinfra.operations.cost.context import subnet_count
from mlinfra.operations.cost.parts import Span, hourly, joined, monthly

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlinfra.operations.cost.context import Context
    from mlinfra.operations.cost.parts import Found
    from mlinfra.operations.cost.resources import Resource

_BALANCERS: Final[Mapping[str, str]] = {"application": "alb", "gateway": "gwlb", "network": "nlb"}


def nat_gateway(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_nat_gateway`: its hours and traffic."""
    yield hourly("gateway", at.prices.service("nat", "gateway"), count=Span(resource.count, resource.count))
    gb = at.assumptions.nat_gateway_gb * resource.count
    price = at.prices.service("nat", "data_processed")
    yield monthly("traffic", price, gb, "GB", assumption=f"{gb:,.10g} GB a month")


def endpoint(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_vpc_endpoint`: interface endpoints by zone and traffic. Gateway endpoints are free."""
    kind = resource.text("vpc_endpoint_type") or "Gateway"
    if kind == "Gateway":
        return
    if kind != "Interface":
        yield Missing(f"no price of endpoints of the type {kind}")
        return
    zones, assumption = subnet_count(resource)
    price = at.prices.service("vpc", "interface_endpoint")
    yield hourly("endpoint", price, count=zones, assumption=assumption)
    gb = at.assumptions.interface_endpoint_gb
    price = at.prices.service("vpc", "interface_endpoint_data_first_1pb")
    yield monthly("traffic", price, gb, "GB", assumption=f"{gb:,.10g} GB a month")


def address(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_eip`: a public IPv4 address, in use or not."""
    count = Span(resource.count, resource.count)
    yield hourly("public IPv4 address", at.prices.service("vpc", "public_ipv4_in_use"), count=count)


def load_balancer(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_lb` and `aws_elb`: their hours, without capacity units."""
    kind = resource.text("load_balancer_type") or "application"
    item = "clb" if resource.type == "aws_elb" else _BALANCERS.get(kind, kind)
    words = joined("without traffic (capacity units)")
    yield hourly("load balancer", at.prices.service("elb", item), assumption=words)


def attachment(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_ec2_transit_gateway_vpc_attachment`: its hours, without traffic."""
    del resource
    price = at.prices.service("vpc", "transit_gateway_attachment")
    yield hourly("attachment", price, assumption="without traffic")


FORMULAS = {
    "aws_alb": load_balancer,
    "aws_ec2_transit_gateway_vpc_attachment": attachment,
    "aws_eip": address,
    "aws_elb": load_balancer,
    "aws_lb": load_balancer,
    "aws_nat_gateway": nat_gateway,
    "aws_vpc_endpoint": endpoint,
}
