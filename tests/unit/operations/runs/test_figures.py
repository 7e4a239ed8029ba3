"""Cost, GPU hours and utilization of runs."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from mlinfra import CapacityBlock, Spot
from mlinfra.functions.prices import on_demand_price
from mlinfra.operations.runs import Attempt, Run, RunNode, run_figures
from tests.conftest import an_environment, an_experiment

BEGIN = datetime(2026, 11, 30, 10, tzinfo=timezone.utc)


def a_node(instance_type: str | None = "g5.12xlarge", *, hours: float = 1, **attributes: Any) -> RunNode:
    seen = BEGIN + timedelta(hours=hours)
    return RunNode(1, "i-1", joined_at=BEGIN, seen_at=seen, instance_type=instance_type, **attributes)


def a_run(*nodes: RunNode, partition: str = "recsys-dev-two-tower-v2") -> Run:
    return Run("dev", "20261130-100000-7f3a", partition, "running", attempts=(Attempt(1, nodes=nodes),))


def test_all_nodes_of_all_attempts_are_paid_at_the_price_of_their_region() -> None:
    here = an_environment(region="eu-west-1")
    usd = on_demand_price("g5.12xlarge", "eu-west-1")
    assert usd is not None
    assert usd != on_demand_price("g5.12xlarge")
    run = a_run(a_node(zone="eu-west-1b"), a_node(hours=2, zone="eu-west-1b"))
    figures = run_figures(here, run)
    assert figures.usd_known == pytest.approx(3 * usd.usd_per_hour)
    assert (figures.node_hours, figures.basis) == (3, "on-demand prices")


def test_nodes_in_a_capacity_block_have_its_declared_price() -> None:
    block = CapacityBlock(
        reservation_id="cr-0123456789abcdef0",
        starts=datetime(2026, 11, 28, 11, 30, tzinfo=timezone.utc),
        ends=datetime(2026, 12, 5, 11, 30, tzinfo=timezone.utc),
        usd_per_hour=20,
    )
    here = an_environment(experiments=[an_experiment(instance_type="p5.48xlarge", purchase=block)])
    figures = run_figures(here, a_run(a_node("p5.48xlarge", hours=2)))
    assert (figures.usd_known, figures.basis) == (40, "the declared price of its Capacity Block")


def test_spot_nodes_count_at_the_on_demand_price_and_say_so() -> None:
    here = an_environment(experiments=[an_experiment(purchase=Spot())])
    figures = run_figures(here, a_run(a_node()))
    assert figures.basis == "on-demand prices, although its nodes may be spot instances"


def test_a_run_of_a_removed_experiment_has_on_demand_prices() -> None:
    figures = run_figures(an_environment(), a_run(a_node(), partition="recsys-dev-gone"))
    assert figures.usd_known
    assert figures.basis == "on-demand prices"


def test_a_node_of_unknown_type_makes_the_cost_unknown() -> None:
    figures = run_figures(an_environment(), a_run(a_node(), a_node(None), a_node("zz9.large")))
    assert figures.usd_known is None
    assert figures.unpriced == ("unknown", "zz9.large")
    assert figures.usd > 0


def test_gpu_hours_count_while_the_command_runs() -> None:
    run = a_run(a_node(running_seconds=1800), a_node(running_seconds=900), a_node(running_seconds=None))
    assert run_figures(an_environment(), run).gpu_hours == 3


def test_utilization_is_weighted_by_the_running_time() -> None:
    run = a_run(
        a_node(running_seconds=3000, gpu_percent=90),
        a_node(running_seconds=1000, gpu_percent=50),
        a_node(running_seconds=9000, gpu_percent=None),
    )
    assert run_figures(an_environment(), run).gpu_percent == 80


def test_without_reports_the_utilization_is_unknown() -> None:
    figures = run_figures(an_environment(), a_run(a_node()))
    assert (figures.gpu_percent, figures.gpu_hours) == (None, 0)
