from __future__ import annotations

from datetime import date

import pytest

from mlinfra import CostAssumptions
from mlinfra.declarations.agreed_prices import Missing, Price, Prices, SpotPrices


def prices(region: str = "us-east-1", today: date = date(2026, 11, 29), **assumptions: object) -> Prices:
    return Prices(region, CostAssumptions.model_validate(assumptions), today)


def test_a_price_has_its_source_and_date() -> None:
    found = prices().on_demand("g5.xlarge")
    assert isinstance(found, Price)
    assert (found.usd, found.list_usd, found.service, found.as_of) == (1.006, 1.006, "AmazonEC2", "2026-07-20")
    assert found.source.startswith("AWS price list")
    assert (found.note, found.old) == ("", "")


def test_no_price_is_missing_and_names_the_region() -> None:
    there = prices("eu-central-1")
    assert there.on_demand("p5.48xlarge") == Missing("no price of p5.48xlarge on demand in eu-central-1")
    assert there.block("p5.48xlarge") == Missing("no rate of Capacity Blocks of p5.48xlarge in eu-central-1")
    assert there.spot("x1.huge") == Missing("no spot price of x1.huge in eu-central-1")
    assert there.sagemaker("hosting", "ml.x1.huge") == Missing("no price of ml.x1.huge hosting in eu-central-1")
    assert there.service("sagemaker", "serverless_inference") == Missing(
        "no price of sagemaker serverless inference in eu-central-1"
    )


def test_a_spot_price_is_a_range() -> None:
    found = prices().spot("g5.xlarge")
    assert isinstance(found, SpotPrices)
    assert (found.low.usd, found.high.usd) == (0.3837, 0.4034)


def test_an_agreed_price_needs_no_list_price() -> None:
    found = prices("eu-central-1", instance_usd_per_hour={"p5.48xlarge": 40}).on_demand("p5.48xlarge")
    assert found == Price(
        40.0, "AmazonEC2", "the environment's cost.instance_usd_per_hour", "", note="agreed price of p5.48xlarge"
    )


def test_a_factor_applies_to_its_service_only() -> None:
    agreed = prices(price_factors={"AmazonSageMaker": 0.9})
    hosting, on_demand = agreed.sagemaker("hosting", "ml.g5.xlarge"), agreed.on_demand("g5.xlarge")
    assert isinstance(hosting, Price)
    assert isinstance(on_demand, Price)
    assert hosting.usd == pytest.approx(1.408 * 0.9)
    assert hosting.list_usd == 1.408
    assert hosting.note == "agreed factor 0.9 for AmazonSageMaker"
    assert on_demand.usd == 1.006


def test_an_old_price_is_noted() -> None:
    found = prices(price_max_age_days=100).on_demand("g5.xlarge")
    assert isinstance(found, Price)
    assert found.old == "g5.xlarge on demand in us-east-1: the price is of 2026-07-20, more than 100 days old"
    assert prices(today=date(2026, 7, 21), price_max_age_days=1).on_demand("g5.xlarge").old == ""  # type: ignore[union-attr]


def test_a_price_that_aws_did_not_publish_is_noted() -> None:
    found = prices("eu-central-1").sagemaker("processing", "ml.c4.2xlarge")
    assert isinstance(found, Price)
    assert found.note == "the price is not published: derived from hosting"
