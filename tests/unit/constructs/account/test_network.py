"""Resources of the network."""

from __future__ import annotations

import ipaddress
import json
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra import Network
from mlinfra.declarations import NODE_SERVICES
from tests.conftest import an_environment
from tests.unit.declarations.test_training_queue import a_declared_queue

if TYPE_CHECKING:
    from mlinfra.testing import Synth, Template

KEY = "arn:aws:kms:us-east-1:111111111111:key/1"


def network(synth: Synth, **changes: Any) -> Template:
    return synth.constructs(
        lambda stack: Network(stack, "network", compute_key_arn=KEY), environment=an_environment(**changes), inputs={}
    )


def test_there_is_a_private_subnet_in_each_zone_asked_for(synth: Synth) -> None:
    subnets = network(synth, availability_zones=4, nat_gateways="none").resources("aws_subnet")
    assert len(subnets) == 4
    assert not any(each["map_public_ip_on_launch"] for each in subnets.values())


@pytest.mark.parametrize("cidr", ["10.0.0.0/16", "192.168.16.0/20"])
@pytest.mark.parametrize("zones", [2, 6])
def test_subnets_lie_in_the_network_and_apart_from_each_other(synth: Synth, cidr: str, zones: int) -> None:
    subnets = network(synth, network_cidr=cidr, availability_zones=zones, nat_gateways="per-zone").resources(
        "aws_subnet"
    )
    blocks = [ipaddress.IPv4Network(each["cidr_block"]) for each in subnets.values()]
    assert len(blocks) == 2 * zones
    assert all(block.subnet_of(ipaddress.IPv4Network(cidr)) for block in blocks)
    assert not any(one.overlaps(other) for one in blocks for other in blocks if one is not other)
    # AWS has no subnet smaller than /28.
    assert all(block.prefixlen <= 28 for block in blocks)


def test_a_subnet_keeps_its_zone_when_aws_adds_a_zone(synth: Synth) -> None:
    for subnet in network(synth).resources("aws_subnet").values():
        assert subnet["lifecycle"] == {"ignore_changes": ["availability_zone"]}


@pytest.mark.parametrize(("choice", "gateways", "routes"), [("none", 0, 0), ("single", 1, 4), ("per-zone", 3, 6)])
def test_the_number_of_nat_gateways_follows_the_setting(synth: Synth, choice: str, gateways: int, routes: int) -> None:
    config = network(synth, nat_gateways=choice)
    assert len(config.find("aws_nat_gateway")) == gateways
    assert len(config.find("aws_eip")) == gateways
    assert len(config.find("aws_route")) == routes


def test_s3_is_reached_without_the_internet_from_every_private_subnet(synth: Synth) -> None:
    config = network(synth, nat_gateways="none")
    endpoint = config.one("aws_vpc_endpoint")
    assert endpoint["service_name"] == "com.amazonaws.us-east-1.s3"
    assert endpoint["vpc_endpoint_type"] == "Gateway"
    assert len(endpoint["route_table_ids"]) == len(config.resources("aws_route_table")) == 3


def test_nodes_reach_aws_through_endpoints_without_a_nat_gateway(synth: Synth) -> None:
    config = network(synth, nat_gateways="none", interface_endpoints=True)
    endpoints = config.resources("aws_vpc_endpoint")
    gateways = [each["service_name"] for each in endpoints.values() if each["vpc_endpoint_type"] == "Gateway"]
    assert sorted(gateways) == ["com.amazonaws.us-east-1.dynamodb", "com.amazonaws.us-east-1.s3"]
    assert {name.removeprefix("aws_vpc_endpoint.network_").rpartition("-endpoint")[0] for name in endpoints} == {
        "s3",
        "dynamodb",
        *(service.replace(".", "-") for service in NODE_SERVICES),
    }
    private = [each for each in endpoints.values() if each["vpc_endpoint_type"] == "Interface"]
    assert all(each["private_dns_enabled"] for each in private)
    rule = config.one("aws_vpc_security_group_ingress_rule")
    assert (rule["cidr_ipv4"].startswith("${aws_vpc.network_vpc_"), rule["from_port"]) == (True, 443)


def test_an_endpoint_has_an_address_only_in_zones_that_offer_its_service(synth: Synth) -> None:
    config = network(synth, availability_zones=2, interface_endpoints=True)
    endpoints = config.resources("aws_vpc_endpoint")
    (ssm,) = [each for name, each in endpoints.items() if name.startswith("aws_vpc_endpoint.network_ssm-endpoint")]
    assert ssm["subnet_ids"].startswith("${matchkeys(slice([aws_subnet.network_private-1_")
    assert ssm["subnet_ids"].endswith(".availability_zones))}")
    assert ssm["service_name"].startswith("${data.aws_vpc_endpoint_service.network_ssm-service_")


def test_the_agent_of_a_queue_reaches_ecs(synth: Synth) -> None:
    changes = {"nat_gateways": "none", "interface_endpoints": True, "queues": [a_declared_queue()]}
    names = network(synth, **changes).resources("aws_vpc_endpoint")
    assert len([each for each in names if each.startswith("aws_vpc_endpoint.network_ecs-")]) == 3


def test_there_is_no_interface_endpoint_by_default(synth: Synth) -> None:
    assert len(network(synth).resources("aws_vpc_endpoint")) == 1


def test_flow_logs_are_encrypted_and_kept_as_long_as_declared(synth: Synth) -> None:
    config = network(synth, flow_log_retention_days=365)
    group = config.one("aws_cloudwatch_log_group")
    assert group["retention_in_days"] == 365
    assert group["kms_key_id"] == KEY
    assert config.one("aws_flow_log")["traffic_type"] == "ALL"


def test_flow_logs_are_written_to_their_group_alone(synth: Synth) -> None:
    config = network(synth)
    group = config.address("aws_cloudwatch_log_group")
    write, find = json.loads(config.one("aws_iam_role_policy")["policy"])["Statement"]
    arn = f"${{{group}.arn}}"
    assert write["Resource"] == [arn, f"{arn}:*"]
    # AWS knows no resource for it.
    assert (find["Action"], find["Resource"]) == ("logs:DescribeLogGroups", "*")


def test_the_default_security_group_has_no_rules(synth: Synth) -> None:
    group = network(synth).one("aws_default_security_group")
    assert "ingress" not in group
    assert "egress" not in group
