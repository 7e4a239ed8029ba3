"""Estimated cost of a cluster, from the time its nodes ran and their prices."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from mlinfra.functions.contract import Table
from mlinfra.functions.cost import Cost, of_a_day, so_far
from mlinfra.functions.fleet import Node
from mlinfra.functions.prices import on_demand_prices

NOW = datetime(2026, 12, 18, 14, tzinfo=timezone.utc)
PRICE = on_demand_prices()["g5.xlarge"]


def node(instance_type: str = "g5.xlarge", *, hours: float | None = 2) -> Node:
    launched = None if hours is None else NOW - timedelta(hours=hours)
    return Node("i-0123456789abcdef0", instance_type, launched=launched)


def test_a_node_costs_its_price_for_each_hour_since_its_launch() -> None:
    assert so_far([node(), node(hours=1)], {}, NOW).usd == pytest.approx(3 * PRICE)


def test_only_the_time_since_the_last_count_is_added() -> None:
    state = {Table.COST_USD: 10, Table.COST_AT: (NOW - timedelta(minutes=30)).timestamp()}
    assert so_far([node()], state, NOW).usd == pytest.approx(10 + PRICE / 2)


def test_a_node_with_an_unknown_launch_costs_nothing_before_the_first_count() -> None:
    assert so_far([node(hours=None)], {}, NOW).usd == 0


def test_a_launch_in_the_future_costs_nothing() -> None:
    assert so_far([node(hours=-1)], {}, NOW).usd == 0


def test_a_type_without_a_price_makes_the_whole_cost_unknown_and_keeps_the_known_part() -> None:
    found = so_far([node(), node("p99.48xlarge")], {}, NOW)
    assert found == Cost(pytest.approx(2 * PRICE), frozenset({"p99.48xlarge"}))
    assert found.usd is None


def test_an_unknown_cost_stays_unknown_once_it_is_recorded() -> None:
    assert so_far([], {Table.COST_UNKNOWN: {"p99.48xlarge"}}, NOW).usd is None


def test_the_cost_of_a_day_is_unknown_if_the_price_of_one_node_is() -> None:
    assert of_a_day([node(), node()]) == pytest.approx(48 * PRICE, abs=0.01)
    assert of_a_day([node(), node("p99.48xlarge")]) is None
