"""Cost at the prices of the region."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from mlinfra.catalog import block_rate, ec2_rate, sagemaker_rate, spot_range
from mlinfra.operations.audit.costing import BilledCharge, Cost, cost_of
from mlinfra.operations.audit.found import Charge

NOW = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)


def cost(*charges: Charge, region: str = "us-east-1", hours: float | None = 100) -> Cost:
    launched = None if hours is None else NOW - timedelta(hours=hours)
    return cost_of([BilledCharge(each, region, launched) for each in charges], NOW)


def test_an_instance_costs_its_rate_in_its_region() -> None:
    for region in ("us-east-1", "eu-west-1"):
        rate = ec2_rate("p4d.24xlarge", region)
        assert rate is not None
        found = cost(Charge("ec2", "p4d.24xlarge", 4), region=region)
        assert found.usd_per_month == pytest.approx(4 * rate.usd * 730)
        assert found.usd_so_far == pytest.approx(4 * rate.usd * 100)


def test_the_parts_add_up_to_the_whole() -> None:
    parts = [Charge("ec2", "g5.xlarge"), Charge("ebs", "gp3_storage", 200), Charge("vpc", "public_ipv4_in_use")]
    separate = [cost(each).usd_per_month or 0 for each in parts]
    assert cost(*parts).usd_per_month == pytest.approx(sum(separate))
    assert separate[1] == pytest.approx(200 * 0.08)
    assert separate[2] == pytest.approx(0.005 * 730)


def test_spot_blocks_and_sagemaker_have_prices_of_their_own() -> None:
    spot, block = spot_range("g5.xlarge", "us-east-1"), block_rate("p5.48xlarge", "us-east-1")
    hosting = sagemaker_rate("hosting", "ml.g5.xlarge", "us-east-1")
    assert spot is not None
    assert block is not None
    assert hosting is not None
    assert cost(Charge("ec2", "g5.xlarge", purchase="spot")).usd_per_month == pytest.approx(spot.usual * 730)
    assert cost(Charge("ec2", "p5.48xlarge", purchase="block")).usd_per_month == pytest.approx(block.usd * 730)
    charge = Charge("sagemaker", "ml.g5.xlarge", component="hosting")
    assert cost(charge).usd_per_month == pytest.approx(hosting.usd * 730)


def test_an_unknown_price_of_an_instance_is_unknown_and_is_ranked_by_its_family() -> None:
    found = cost(Charge("ec2", "p5.unknown"), Charge("ebs", "gp3_storage", 100))
    assert (found.usd_per_month, found.usd_so_far) == (None, None)
    assert found.rank_usd > 1000
    assert found.basis[0] == "1 x p5.unknown: the price in us-east-1 is unknown."


def test_an_unknown_price_of_a_minor_part_is_named_and_the_rest_is_known() -> None:
    found = cost(Charge("ec2", "g5.xlarge"), Charge("ebs", "unknown_storage", 100))
    assert found.usd_per_month is not None
    assert "100 x ebs unknown_storage: the price in us-east-1 is unknown." in found.basis


def test_only_unknown_prices_are_unknown_and_no_charges_cost_nothing() -> None:
    assert cost(Charge("ebs", "unknown_storage", 100)).usd_per_month is None
    assert cost() == Cost(0, 0, (), 0)


def test_without_a_launch_the_cost_so_far_is_unknown() -> None:
    found = cost(Charge("ec2", "g5.xlarge"), hours=None)
    assert found.usd_per_month is not None
    assert found.usd_so_far is None


def test_the_basis_has_formula_source_date_and_assumption() -> None:
    (basis,) = cost(*[Charge("ec2", "g5.xlarge", note="An assumption.")] * 3).basis
    assert basis.startswith("3 x g5.xlarge x 1.006 USD/hour = 2,203.14 USD a month (AWS price list")
    assert basis.endswith("2026-07-20). An assumption.")
