"""The price book: prices with their sources."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, strategies

from mlinfra.catalog import (
    Rate,
    aws_regions,
    block_rate,
    ec2_rate,
    is_old,
    reserved_rate,
    sagemaker_rate,
    service_rate,
    spot_prices_by_zone,
    spot_range,
)
from mlinfra.functions.price_table import entries, regions

TODAY = date(2026, 11, 29)


def test_a_rate_has_its_unit_region_date_source_and_basis() -> None:
    rate = ec2_rate("p5.48xlarge", "us-east-1")
    assert rate == Rate(
        usd=55.04,
        unit="hour",
        region="us-east-1",
        as_of=date(2026, 7, 20),
        source="AWS price list, as kept by aws/karpenter-provider-aws, "
        "pkg/providers/pricing/zz_generated.pricing_aws.go at 6fc13b5",
        basis="published",
    )


def test_a_price_is_that_of_its_region() -> None:
    frankfurt, virginia = ec2_rate("m5.large", "eu-central-1"), ec2_rate("m5.large", "us-east-1")
    assert frankfurt
    assert virginia
    assert (frankfurt.usd, virginia.usd) == (0.115, 0.096)


@pytest.mark.parametrize(
    "rate",
    [
        ec2_rate("p5e.48xlarge", "us-east-1"),
        ec2_rate("f2.6xlarge", "eu-central-1"),
        ec2_rate("m5.large", "xx-east-1"),
        block_rate("m5.large", "us-east-1"),
        reserved_rate("m5.large", "us-east-1"),
        sagemaker_rate("training", "ml.zz9.large", "us-east-1"),
        service_rate("ebs", "st1_storage", "eu-central-1"),
        service_rate("ebs", "gp9_storage", "us-east-1"),
    ],
)
def test_an_unknown_price_is_none_and_not_that_of_another_region(rate: Rate | None) -> None:
    assert rate is None


@pytest.mark.parametrize(
    ("rate", "usd", "unit"),
    [
        (block_rate("p5.48xlarge", "us-east-1"), 41.528, "hour"),
        (sagemaker_rate("hosting", "ml.g5.xlarge", "us-east-1"), 1.408, "hour"),
        (service_rate("nat", "gateway", "us-east-1"), 0.045, "hour"),
        (service_rate("kms", "customer_key", "eu-west-1"), 1, "key-month"),
    ],
)
def test_rates_of_other_purchases_and_services(rate: Rate | None, usd: float, unit: str) -> None:
    assert rate
    assert (rate.usd, rate.unit) == (usd, unit)


def test_a_longer_reservation_costs_less() -> None:
    one_year = reserved_rate("p4d.24xlarge", "us-east-1")
    three_years = reserved_rate("p4d.24xlarge", "us-east-1", term="3yr_standard_no_upfront")
    assert one_year
    assert three_years
    assert three_years.usd < one_year.usd


def test_a_price_without_a_source_says_so() -> None:
    rate = service_rate("fsx", "lustre_scratch_2", "us-east-1")
    assert rate
    assert (rate.basis, rate.as_of, rate.as_of_kind) == ("recalled_unverified", None, "unknown")


def test_a_price_that_is_derived_from_hosting_says_so() -> None:
    rate = sagemaker_rate("training", "ml.g5.xlarge", "eu-central-1")
    assert rate
    assert rate.basis == "derived_from_hosting"


def test_spot_prices_by_zone_take_precedence_over_the_regions_average() -> None:
    found = spot_range("p5.48xlarge", "us-east-1")
    zones = spot_prices_by_zone("p5.48xlarge", "us-east-1")
    assert found
    assert zones
    assert (found.low, found.high) == (min(zones.values()), max(zones.values()))
    assert found.low <= found.usual <= found.high
    assert found.interruptions in {"<5%", "5-10%", "10-15%", "15-20%", ">20%"}
    assert found.as_of_kind == "not_before"


def test_the_spot_price_of_a_type_without_zones_is_that_of_the_region() -> None:
    found = spot_range("g4dn.xlarge", "us-east-1")
    assert found
    assert found.as_of == date(2025, 11, 30)
    assert not spot_prices_by_zone("g4dn.xlarge", "us-east-1")


def test_unknown_spot_prices_are_none() -> None:
    assert spot_range("m5.large", "us-east-1") is None
    assert spot_range("p5.48xlarge", "xx-east-1") is None


@pytest.mark.parametrize(("days", "old"), [(132, False), (131, True), (10_000, False)])
def test_a_price_is_old_after_the_declared_days(days: int, old: bool) -> None:  # noqa: FBT001
    rate = ec2_rate("p5.48xlarge", "us-east-1")
    assert rate
    assert is_old(rate, TODAY, days) is old


def test_a_price_with_an_unknown_date_is_old() -> None:
    rate = service_rate("fsx", "lustre_scratch_2", "us-east-1")
    assert rate
    assert is_old(rate, TODAY, 10_000)


def test_an_age_of_no_day_is_refused() -> None:
    rate = ec2_rate("p5.48xlarge", "us-east-1")
    assert rate
    with pytest.raises(ValueError, match=r"^days=0 is not a valid age. Expected: at least 1\.$"):
        is_old(rate, TODAY, 0)


@given(strategies.sampled_from(aws_regions()), strategies.sampled_from(sorted(entries("ec2", "us-east-1"))))
def test_no_price_is_taken_from_another_region(region: str, instance_type: str) -> None:
    rate = ec2_rate(instance_type, region)
    entry = entries("ec2", region).get(instance_type)
    assert (rate and (rate.region, rate.usd)) == (entry and (region, entry.usd))


def test_every_region_with_prices_is_a_region_of_aws() -> None:
    assert set(regions("ec2")) | set(regions("sagemaker")) | set(regions("services")) <= set(aws_regions())


@pytest.mark.parametrize("kind", ["ec2", "blocks", "reserved", "sagemaker"])
def test_no_instance_is_free(kind: str) -> None:
    for region in regions(kind):  # type: ignore[arg-type]
        assert all(entry.usd > 0 for entry in entries(kind, region).values())  # type: ignore[arg-type]
