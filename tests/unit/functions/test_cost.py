"""Estimated cost of a cluster, from the time its nodes ran and their prices."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from mlinfra.functions.contract import Table, Tag
from mlinfra.functions.cost import Cost, of_a_day, per_hour, so_far
from mlinfra.functions.fleet import CAPACITY_BLOCK, Node, Target
from mlinfra.functions.prices import Price, on_demand_prices

NOW = datetime(2026, 12, 18, 14, tzinfo=timezone.utc)
PRICE = on_demand_prices()["g5.xlarge"]
HOUR = timedelta(hours=1)
UNKNOWN = "zz9.48xlarge"
"""A type of a class without any known price."""


def node(instance_type: str = "g5.xlarge", *, hours: float | None = 2, **more: Any) -> Node:
    launched = None if hours is None else NOW - hours * HOUR
    return Node("i-0123456789abcdef0", instance_type, launched=launched, **more)


def cost(*nodes: Node, state: dict[str, Any] | None = None, **more: Any) -> Cost:
    return so_far(Target("recsys-dev-two-tower", "group", nodes=nodes, **more), state or {}, NOW)


def test_a_node_costs_its_price_for_each_hour_since_its_launch() -> None:
    assert cost(node(), node(hours=1)).usd == pytest.approx(3 * PRICE)


def test_a_run_under_an_hour_counts() -> None:
    assert cost(node(hours=0.5)).usd == pytest.approx(PRICE / 2)


def test_only_the_time_since_the_last_count_is_added() -> None:
    state = {Table.COST_USD: 10, Table.COST_AT: (NOW - HOUR / 2).timestamp()}
    assert cost(node(), state=state).usd == pytest.approx(10 + PRICE / 2)


def test_a_node_with_an_unknown_launch_costs_nothing_before_the_first_count() -> None:
    assert cost(node(hours=None)).usd == 0


def test_a_node_that_ec2_did_not_describe_does_not_count_for_the_time_in_which_its_cluster_was_stopped() -> None:
    state = {Table.COST_USD: 10, Table.COST_AT: (NOW - 39 * HOUR).timestamp()}
    assert cost(node(hours=None), state=state).usd == pytest.approx(10 + PRICE / 6)
    state = {Table.COST_USD: 10, Table.COST_AT: (NOW - HOUR / 12).timestamp()}
    assert cost(node(hours=None), state=state).usd == pytest.approx(10 + PRICE / 12)


def test_a_launch_in_the_future_costs_nothing() -> None:
    assert cost(node(hours=-1)).usd == 0


def test_a_terminated_node_counts_from_its_launch_to_its_end() -> None:
    ended = node(hours=3, state="terminated", ended=NOW - HOUR)
    assert cost(ended=(ended,)).usd == pytest.approx(2 * PRICE)


def test_a_terminated_node_with_an_unknown_end_counts_for_at_most_an_hour() -> None:
    assert cost(ended=(node(hours=3, state="terminated"),)).usd == pytest.approx(PRICE)
    assert cost(ended=(node(hours=0.5, state="terminated"),)).usd == pytest.approx(PRICE / 2)


def test_a_node_that_ended_before_the_last_count_is_not_counted_again() -> None:
    state = {Table.COST_USD: 10, Table.COST_AT: (NOW - HOUR / 2).timestamp()}
    assert cost(ended=(node(hours=3, state="terminated", ended=NOW - HOUR),), state=state).usd == 10


def test_nodes_of_an_earlier_group_of_the_same_name_are_not_counted() -> None:
    ended = node(hours=3, state="terminated", ended=NOW - HOUR)
    assert cost(ended=(ended,), created_at=NOW - HOUR).usd == 0


def test_a_stopped_instance_counts_until_it_was_stopped() -> None:
    assert cost(node(state="stopped", ended=NOW - 1.5 * HOUR)).usd == pytest.approx(PRICE / 2)


def test_a_type_without_a_price_takes_the_dearest_of_its_family_and_says_so() -> None:
    found = cost(node("p5e.48xlarge"))
    assert found.usd == pytest.approx(2 * on_demand_prices()["p5en.48xlarge"])
    assert found.assumed == {"p5e.48xlarge": Price(on_demand_prices()["p5en.48xlarge"], "p5en.48xlarge")}
    assert found.basis == (
        "The price of p5e.48xlarge is unknown: 63.30 USD per hour is assumed, the highest known price of its family "
        "(p5en.48xlarge)"
    )


def test_an_assumed_price_is_still_reported_after_its_nodes_have_ended() -> None:
    assert "p5e.48xlarge" in cost(state={Table.COST_ASSUMED: ["p5e.48xlarge"]}).basis


def test_a_type_of_a_class_without_prices_makes_the_whole_cost_unknown_and_keeps_the_known_part() -> None:
    found = cost(node(), node(UNKNOWN))
    assert (found.usd_known, found.unpriced) == (pytest.approx(2 * PRICE), frozenset({UNKNOWN}))
    assert found.usd is None


def test_an_unknown_cost_stays_unknown_once_it_is_recorded() -> None:
    assert cost(state={Table.COST_UNKNOWN: {UNKNOWN}}).usd is None


def test_a_node_in_a_capacity_block_costs_the_published_rate_of_its_region() -> None:
    in_tokyo = node("p5e.48xlarge", market=CAPACITY_BLOCK, zone="ap-northeast-1a")
    assert cost(in_tokyo).usd == pytest.approx(2 * 47.76)
    assert cost(node("p5.48xlarge", market=CAPACITY_BLOCK, zone="us-east-1a")).usd == pytest.approx(2 * 41.528)


@pytest.mark.parametrize(("declared", "rate"), [("30.5", 30.5), ("a lot", 41.528), ("-1", 41.528)])
def test_a_declared_price_of_a_capacity_block_replaces_the_published_rate(declared: str, rate: float) -> None:
    block = node("p5.48xlarge", market=CAPACITY_BLOCK, zone="us-east-1a")
    assert cost(block, tags={Tag.NODE_USD_PER_HOUR: declared}).usd == pytest.approx(2 * rate)


def test_a_declared_price_applies_to_no_node_outside_the_block() -> None:
    assert cost(node(), tags={Tag.NODE_USD_PER_HOUR: "30.5"}).usd == pytest.approx(2 * PRICE)


def test_recorded_storage_is_part_of_the_cost() -> None:
    found = cost(state={Table.COST_USD: 10, Table.STORAGE_USD: 2})
    assert (found.usd, found.usd_storage) == (12, 2)


def test_the_cost_of_a_day_is_unknown_if_the_price_of_one_node_is() -> None:
    assert of_a_day([node(), node()]) == pytest.approx(48 * PRICE, abs=0.01)
    assert of_a_day([node(), node(UNKNOWN)]) is None


def test_stopping_a_node_in_a_capacity_block_saves_nothing() -> None:
    assert of_a_day([node(), node("p5.48xlarge", market=CAPACITY_BLOCK)]) == pytest.approx(24 * PRICE, abs=0.01)


def test_the_cost_of_an_hour_is_unknown_if_the_price_of_one_node_is() -> None:
    assert per_hour([node(), node()], {}) == pytest.approx(2 * PRICE)
    assert per_hour([node(), node(UNKNOWN)], {}) is None
    assert per_hour([], {}) == 0
