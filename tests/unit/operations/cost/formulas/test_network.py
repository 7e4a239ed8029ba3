"""Costs of networks, computed by hand with the prices of AWS in us-east-1."""

from __future__ import annotations

from tests.unit.operations.cost.stacks import estimate, line, months, reasons, resource


def test_a_nat_gateway_costs_its_hours_and_its_traffic() -> None:
    # Amazon VPC pricing page, us-east-1: 0.045 USD per hour and per GB. 730 x 0.045 = 32.85; 100 x 0.045 = 4.50.
    # Infracost's golden file nat_gateway_test has 32.85 too.
    assert months(resource("aws_nat_gateway")) == {"gateway": (32.85, 32.85), "traffic": (4.5, 4.5)}


def test_traffic_is_assumed_by_the_environment() -> None:
    assert months(resource("aws_nat_gateway"), nat_gateway_gb=2_000)["traffic"] == (90.0, 90.0)


def test_a_public_address_costs_half_a_cent_per_hour() -> None:
    # 730 x 0.005 = 3.65.
    assert months(resource("aws_eip")) == {"public IPv4 address": (3.65, 3.65)}


def test_an_interface_endpoint_is_billed_for_each_zone() -> None:
    # AWS PrivateLink pricing page, us-east-1: 0.01 USD per hour and zone, 0.01 USD per GB. 3 x 730 x 0.01 = 21.90.
    endpoint = resource("aws_vpc_endpoint", vpc_endpoint_type="Interface", subnet_ids=["a", "b", "c"])
    assert months(endpoint) == {"endpoint": (21.9, 21.9), "traffic": (0.1, 0.1)}


def test_the_zones_of_an_endpoint_are_a_range_while_its_subnets_are_unknown() -> None:
    endpoint = resource("aws_vpc_endpoint", vpc_endpoint_type="Interface", subnet_ids='${split(",", data.x.y)}')
    assert months(endpoint, interface_endpoint_gb=0)["endpoint"] == (7.3, 21.9)


def test_a_gateway_endpoint_is_free() -> None:
    found = estimate(resource("aws_vpc_endpoint", vpc_endpoint_type="Gateway"))
    assert (found.lines, found.unpriced, found.free) == ((), (), 1)


def test_an_endpoint_of_another_type_has_no_price() -> None:
    endpoint = resource("aws_vpc_endpoint", vpc_endpoint_type="GatewayLoadBalancer")
    assert reasons(endpoint) == ["no price of endpoints of the type GatewayLoadBalancer"]


def test_a_load_balancer_costs_its_hours() -> None:
    # Elastic Load Balancing pricing page, us-east-1: 0.0225 USD per hour. 730 x 0.0225 = 16.425.
    assert line(resource("aws_lb")).usd_per_month_high == 16.425
    assert line(resource("aws_lb", load_balancer_type="gateway")).usd_per_month_high == 9.125
    # A classic one: 730 x 0.025.
    assert line(resource("aws_elb")).usd_per_month_high == 18.25


def test_an_attachment_to_a_transit_gateway_costs_its_hours() -> None:
    assert line(resource("aws_ec2_transit_gateway_vpc_attachment")).usd_per_month_high == 36.5
