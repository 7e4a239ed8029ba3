"""Limits of what experiments can cost. Prices of us-east-1: p3.2xlarge 3.06, p3.8xlarge 12.24, g5.xlarge 1.006 USD per
hour (EC2 price list of 2026-07-20); gp3 0.08 and FSx for Lustre scratch 0.14 USD per GB-month."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from mlinfra import (
    CapacityBlock,
    CostAssumptions,
    DeclarationError,
    Environment,
    Experiment,
    Lustre,
    Person,
    SpendLimits,
    Spot,
    Team,
)
from mlinfra.declarations import experiment_costs
from mlinfra.declarations.base import judging
from tests.conftest import an_environment

TODAY = date(2026, 11, 29)
ROOT = 200 * 0.08 / 730
"""A root volume of 200 GiB, in USD per hour."""


def experiment(name: str = "two-tower", **values: Any) -> Experiment:
    fields = {"owner": "ana@example.com", "size": "medium", "expires": date(2026, 12, 28), "nodes": 2}
    return Experiment(name=name, **fields | values)


def declared(*experiments: Experiment, limit: float = 1_000_000, **values: Any) -> Environment:
    fields = {"monthly_spend_limit_usd": limit, "experiments": experiments, "max_nodes": 256, "today": TODAY}
    return an_environment(**fields | values)


def cost(one: Experiment, **values: Any) -> float:
    environment = declared(one, **values)
    known = {name: getattr(environment, name) for name in type(environment).model_fields}
    (found,) = experiment_costs(environment.experiments, known, TODAY)
    return found.usd


def problem(*experiments: Experiment, **values: Any) -> str:
    with pytest.raises(DeclarationError) as error:
        declared(*experiments, **values)
    return str(error.value)


def test_an_experiment_counts_every_hour_of_the_month() -> None:
    # 30 days and a day of grace are more than 730 hours.
    assert cost(experiment()) == pytest.approx(2 * 730 * (12.24 + ROOT))


def test_an_experiment_counts_until_its_end_and_grace_period() -> None:
    # From 2026-11-29 to the end of 2026-11-30 are 48 hours; the grace period adds 24.
    assert cost(experiment(expires=date(2026, 11, 30))) == pytest.approx(2 * 72 * (12.24 + ROOT))
    assert cost(experiment(expires=date(2026, 11, 30)), expiry_grace_hours=0) == pytest.approx(2 * 48 * (12.24 + ROOT))


def test_an_expired_experiment_costs_nothing() -> None:
    declared(experiment(expires=date(2026, 11, 28)), limit=1)


def test_its_own_spend_limit_bounds_an_experiment() -> None:
    # A busy cluster is stopped at 120% of its limit.
    assert cost(experiment(spend_limit_usd=5_000)) == pytest.approx(6_000)
    assert cost(experiment(spend_limit_usd=500_000)) == pytest.approx(2 * 730 * (12.24 + ROOT))


def test_spot_nodes_count_at_the_highest_price_that_ec2_charges() -> None:
    spot = {"instance_type": "g5.xlarge", "size": None}
    base = ROOT
    assert cost(experiment(purchase=Spot(), **spot)) == pytest.approx(2 * 730 * (1.006 + base))
    assert cost(experiment(purchase=Spot(max_usd_per_hour=0.5), **spot)) == pytest.approx(2 * 730 * (0.5 + base))
    mixed = Spot(max_usd_per_hour=0.5, on_demand_nodes=1)
    assert cost(experiment(purchase=mixed, **spot)) == pytest.approx(730 * (1.006 + 0.5 + 2 * base))
    # Of several types the most expensive: g5.2xlarge, 1.212.
    several = Spot(instance_types=("g5.2xlarge",))
    assert cost(experiment(purchase=several, **spot)) == pytest.approx(2 * 730 * (1.212 + base))


def block(**values: Any) -> CapacityBlock:
    return CapacityBlock(
        reservation_id="cr-0123456789abcdef0",
        starts=datetime(2026, 12, 1, 11, 30, tzinfo=timezone.utc),
        ends=datetime(2026, 12, 3, 11, 30, tzinfo=timezone.utc),
        **values,
    )


def test_a_capacity_block_counts_its_hours_at_its_price() -> None:
    nodes = {"instance_type": "p5.48xlarge", "size": None, "zone": "us-east-1a", "efa": False}
    assert cost(experiment(purchase=block(usd_per_hour=30), **nodes)) == pytest.approx(2 * 48 * (30 + ROOT))
    # AWS's published rate of 2026-07-22: 41.528.
    assert cost(experiment(purchase=block(), **nodes)) == pytest.approx(2 * 48 * (41.528 + ROOT))


def test_storage_counts() -> None:
    lustre = Lustre(zone="raw", capacity_gib=1200)
    difference = cost(experiment(lustre=lustre)) - cost(experiment())
    assert difference == pytest.approx(1200 * 0.14)


def test_agreed_prices_count() -> None:
    agreed = CostAssumptions(instance_usd_per_hour={"p3.8xlarge": 10})
    assert cost(experiment(), cost=agreed) == pytest.approx(2 * 730 * (10 + ROOT))


def test_an_unknown_price_is_not_zero() -> None:
    # p5.48xlarge has no known price in eu-central-1: the highest of other regions counts, as for the janitor.
    unknown = experiment(instance_type="p5.48xlarge", size=None, nodes=1)
    assert cost(unknown, region="eu-central-1") > 55.04 * 730


def test_an_environment_above_its_limit_is_rejected_with_the_most_expensive_and_what_fits() -> None:
    small = experiment("sampling", size="small", nodes=1)
    text = problem(experiment(), small, limit=15_000)
    assert text == (
        "environment 'dev': 1 problem\n"
        "  - monthly_spend_limit_usd: 15,000 is less than the 20,152 USD that the experiments can cost in the next 730 "
        "hours. The most expensive: two-tower 17,902 USD (2 x p3.8xlarge for 730 hours), sampling 2,250 USD (1 x "
        "p3.2xlarge for 730 hours). What fits: nodes=1 of two-tower; or spend_limit_usd=10625 of two-tower; or "
        "monthly_spend_limit_usd of at least 20,153."
    )


def test_at_its_limit_an_environment_is_accepted() -> None:
    declared(experiment(), limit=17_902.41)
    assert "monthly_spend_limit_usd" in problem(experiment(), limit=17_902.39)


def test_a_local_aws_and_an_unknown_day_are_not_limited() -> None:
    declared(experiment(), limit=1, emulated=True)
    declared(experiment(), limit=1, today=None)


def test_an_owner_has_a_limit() -> None:
    limits = SpendLimits(owners={"li@example.com": 1_000, "ana@example.com": 20_000})
    declared(experiment(), spend_limits=limits)
    text = problem(experiment(), experiment("sampling", owner="li@example.com", size="small"), spend_limits=limits)
    assert "spend_limits.owners.li@example.com: 1,000 is less than the 4,500 USD that the experiments of li@" in text


def test_a_team_has_a_limit() -> None:
    people = [Person(name="ana", email="ana@example.com", team="ranking")]
    teams = {"teams": [Team(name="ranking")], "people": people}
    limits = SpendLimits(teams={"ranking": 1_000})
    text = problem(experiment(), spend_limits=limits, **teams)
    assert "spend_limits.teams.ranking: 1,000 is less than the 17,902 USD that the experiments of ranking can" in text
    declared(experiment(owner="li@example.com"), spend_limits=limits, **teams)


def test_a_limit_of_an_unknown_team_is_refused() -> None:
    assert "spend_limits.teams: 'search' is not a team of the environment. Expected: ranking." in problem(
        spend_limits=SpendLimits(teams={"search": 1}), teams=[Team(name="ranking")]
    )
    text = problem(spend_limits=SpendLimits(teams={"search": 1}))
    assert "Expected: no team, since teams declares none." in text


def test_an_hour_has_a_limit() -> None:
    text = problem(experiment(), spend_limits=SpendLimits(usd_per_hour=20))
    assert (
        "spend_limits.usd_per_hour: 20.00 is less than the 24.52 USD that the experiments can cost in an hour. The "
        "most expensive: two-tower 24.52 USD. What fits: nodes=1 of two-tower; or spend_limits.usd_per_hour of at "
        "least 25."
    ) in text


def test_limits_are_above_zero() -> None:
    with pytest.raises(DeclarationError, match="usd_per_hour"):
        SpendLimits(usd_per_hour=0)
    with pytest.raises(DeclarationError, match="owners"):
        SpendLimits(owners={"ana@example.com": -1})


def test_of_many_experiments_five_are_listed() -> None:
    many = [experiment(f"e{number}") for number in range(8)]
    assert ", and 3 more. What fits:" in problem(*many, limit=100_000)


def test_rejected_experiments_are_reported_alone() -> None:
    with judging(TODAY) as judgement:
        declared(Experiment(name="x", owner="not-an-address", expires=date(2026, 12, 1)), limit=1)
    assert "monthly_spend_limit_usd" not in "".join(map(str, judgement.errors))


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 50), st.integers(0, 50), st.integers(0, 29), st.integers(0, 29))
def test_more_nodes_for_longer_never_cost_less(nodes: int, more: int, days: int, later: int) -> None:
    def lasting(after: int) -> date:
        return TODAY + timedelta(days=min(after, 30))

    short = cost(experiment(nodes=nodes, expires=lasting(days), efa=False))
    assert short <= cost(experiment(nodes=nodes + more, expires=lasting(days + later), efa=False)) + 1e-9


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 60), st.integers(1, 5), st.floats(500, 500_000))
def test_every_proposal_fits(nodes: int, others: int, limit: float) -> None:
    rest = [experiment(f"other{number}", size="small", nodes=1) for number in range(others)]
    try:
        declared(experiment(nodes=nodes, efa=False), *rest, limit=limit)
    except DeclarationError as error:
        text = str(error)
        if found := re.search(r"nodes=(\d+) of two-tower", text):
            declared(experiment(nodes=int(found[1]), efa=False), *rest, limit=limit)
        if found := re.search(r"spend_limit_usd=(\d+) of two-tower", text):
            declared(experiment(nodes=nodes, efa=False, spend_limit_usd=int(found[1])), *rest, limit=limit)
        found = re.search(r"monthly_spend_limit_usd of at least ([\d,]+)", text)
        assert found, text
        declared(experiment(nodes=nodes, efa=False), *rest, limit=int(found[1].replace(",", "")))
