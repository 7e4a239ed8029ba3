"""The price table that the catalog and the functions share."""

from __future__ import annotations

import pytest

from mlinfra import catalog
from mlinfra.functions.prices import (
    Price,
    block_price,
    lustre_usd_per_hour,
    on_demand_price,
    on_demand_prices,
    region_of,
    volume_usd_per_hour,
)


def test_every_known_price_is_above_zero() -> None:
    assert len(on_demand_prices()) > 1_000
    assert all(price > 0 for price in on_demand_prices().values())


def test_types_without_an_accelerator_have_a_price() -> None:
    assert on_demand_prices()["m5.large"] == 0.096


def test_a_type_without_a_known_price_has_no_entry() -> None:
    assert "p5e.48xlarge" not in on_demand_prices()


def test_the_catalog_publishes_the_same_table() -> None:
    assert catalog.on_demand_prices() is on_demand_prices()


def test_prices_are_those_of_the_region() -> None:
    assert on_demand_price("m5.large", "eu-central-1") == Price(0.115)
    assert on_demand_price("m5.large", "us-east-1") == Price(0.096)


def test_a_type_without_a_price_in_the_region_takes_its_dearest_in_another_one() -> None:
    assert on_demand_price("f2.6xlarge", "eu-central-1") == Price(1.98, taken_from="f2.6xlarge in us-east-1")


def test_a_type_without_any_price_takes_the_dearest_of_its_family_in_the_region() -> None:
    price = on_demand_price("p5e.48xlarge", "ap-south-1")
    assert price == Price(on_demand_prices("ap-south-1")["p5en.48xlarge"], taken_from="p5en.48xlarge")


def test_a_family_without_a_price_in_the_region_takes_that_of_us_east_1() -> None:
    price = on_demand_price("trn2.48xlarge", "mx-central-1")
    assert price == Price(on_demand_prices()["trn1n.32xlarge"], taken_from="trn1n.32xlarge in us-east-1")


@pytest.mark.parametrize(
    ("zone", "region"),
    [
        ("us-east-1a", "us-east-1"),
        ("us-east-1-atl-2a", "us-east-1"),
        ("us-gov-west-1b", "us-gov-west-1"),
        ("ap-southeast-5", "ap-southeast-5"),
        ("", "us-east-1"),
        (None, "us-east-1"),
    ],
)
def test_the_region_of_a_zone(zone: str | None, region: str) -> None:
    assert region_of(zone) == region


@pytest.mark.parametrize(
    ("instance_type", "dearest"),
    [
        ("p5e.48xlarge", "p5en.48xlarge"),  # its generation
        ("p99.48xlarge", "p6-b300.48xlarge"),  # its class
        ("inf2.99xlarge", "inf2.48xlarge"),  # a size that no type has
    ],
)
def test_a_type_without_a_price_takes_the_dearest_of_its_family(instance_type: str, dearest: str) -> None:
    assert on_demand_price(instance_type) == Price(on_demand_prices()[dearest], taken_from=dearest)


def test_a_known_price_is_the_types_own() -> None:
    assert on_demand_price("m5.large") == Price(0.096)


@pytest.mark.parametrize("instance_type", ["zz9.48xlarge", "u-6tb1.metal", "unknown"])
def test_a_type_of_an_unknown_class_has_no_price(instance_type: str) -> None:
    assert on_demand_price(instance_type) is None


@pytest.mark.parametrize(
    ("zone", "rate"),
    [
        ("us-east-1a", 41.528),
        ("us-east-1-atl-2a", 41.528),
        ("eu-west-2b", 37.76),
        ("xx-east-9a", 41.528),
        (None, 41.528),
    ],
)
def test_a_capacity_block_has_the_rate_of_its_region_or_the_dearest(zone: str | None, rate: float) -> None:
    assert block_price("p5.48xlarge", zone) == Price(rate)


def test_a_type_without_capacity_blocks_has_no_rate() -> None:
    assert block_price("m5.large", "us-east-1a") is None


def test_a_volume_costs_its_size_and_what_is_provisioned_above_the_included() -> None:
    assert volume_usd_per_hour("gp3", 200, iops=3000, throughput=125) * 730 == pytest.approx(16)
    assert volume_usd_per_hour("gp3", 200, iops=4000, throughput=225) * 730 == pytest.approx(16 + 5 + 4)
    assert volume_usd_per_hour("io2", 100, iops=1000) * 730 == pytest.approx(12.5 + 65)


def test_a_volume_costs_the_price_of_its_region_or_the_dearest_of_all_regions() -> None:
    assert volume_usd_per_hour("gp3", 100, region="eu-central-1") * 730 == pytest.approx(9.52)
    assert volume_usd_per_hour("st1", 100, region="eu-central-1") * 730 == pytest.approx(4.5)


def test_a_volume_of_an_unknown_type_takes_the_dearest_price() -> None:
    assert volume_usd_per_hour("gp9", 100) * 730 == pytest.approx(12.5)


def test_a_lustre_file_system_costs_168_usd_a_month_for_1200_gib() -> None:
    assert lustre_usd_per_hour(1200) * 730 == pytest.approx(168)
