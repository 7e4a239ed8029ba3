"""Route of nodes to AWS services: a NAT gateway or endpoints."""

from __future__ import annotations

from typing import Any

import pytest

from mlinfra import DeclarationError
from tests.conftest import an_environment, an_experiment
from tests.unit.declarations.test_training_queue import a_declared_queue


def refusal(**changes: Any) -> str:
    with pytest.raises(DeclarationError) as refused:
        an_environment(nat_gateways="none", **changes)
    return str(refused.value)


def test_experiments_without_a_route_to_aws_are_refused_with_the_price_of_both_ways() -> None:
    assert (
        "nat_gateways: 'none' leaves the nodes of experiments two-tower-v2 without a route to AWS services: they could "
        "not be reached, report their state, pull images or be stopped when idle. Expected: interface_endpoints=True "
        "(about 263 USD a month in us-east-1 before traffic), or nat_gateways='single' (about 33 USD a month before "
        "traffic)."
    ) in refusal(experiments=[an_experiment()])


def test_queues_without_a_route_to_aws_are_refused() -> None:
    message = refusal(queues=[a_declared_queue(name="search")], availability_zones=2)
    assert "leaves the nodes of queues search without a route" in message
    assert "about 219 USD a month" in message


def test_endpoints_are_a_route() -> None:
    environment = an_environment(nat_gateways="none", interface_endpoints=True, experiments=[an_experiment()])
    assert environment.experiments


def test_an_environment_without_nodes_needs_no_route() -> None:
    assert not an_environment(nat_gateways="none").experiments
