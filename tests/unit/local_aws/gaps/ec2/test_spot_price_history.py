"""Spot prices by zone and product."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from mlinfra.catalog import ec2_rate, spot_prices_by_zone
from tests.unit.local_aws.conftest import error_code


def prices(ec2: Any, **request: Any) -> list[dict[str, Any]]:
    request = {"InstanceTypes": ["p4de.24xlarge"], "ProductDescriptions": ["Linux/UNIX"], **request}
    return [
        each
        for page in ec2.get_paginator("describe_spot_price_history").paginate(**request)
        for each in page["SpotPriceHistory"]
    ]


def test_each_zone_that_offers_the_type_has_the_price_of_the_catalog(ec2: Any) -> None:
    found = {each["AvailabilityZoneId"]: float(each["SpotPrice"]) for each in prices(ec2)}
    known = spot_prices_by_zone("p4de.24xlarge", "us-east-1")
    assert found.keys() == {"use1-az4", "use1-az6"}
    assert found == pytest.approx({zone: known[zone] for zone in found})


def test_a_price_applies_now(ec2: Any) -> None:
    (price, *_) = prices(ec2)
    assert timedelta() < datetime.now(timezone.utc) - price["Timestamp"] < timedelta(hours=2)


def test_a_type_without_a_known_spot_price_costs_a_part_of_its_on_demand_price(ec2: Any) -> None:
    on_demand = ec2_rate("m5.large", "us-east-1")
    assert on_demand
    found = prices(ec2, InstanceTypes=["m5.large"])
    assert found
    assert all(float(each["SpotPrice"]) == pytest.approx(0.4 * on_demand.usd) for each in found)


def test_pages_are_complete(ec2: Any) -> None:
    assert len(prices(ec2, PaginationConfig={"PageSize": 1})) == 2


def test_other_products_and_zones_are_left_out(ec2: Any) -> None:
    assert prices(ec2, ProductDescriptions=["Windows"]) == []
    filters = [
        {"Name": "availability-zone", "Values": ["us-east-1b"]},
        {"Name": "instance-type", "Values": ["g5.xlarge"]},
    ]
    found = prices(ec2, InstanceTypes=["g5.xlarge", "m5.large"], Filters=filters)
    assert {(each["InstanceType"], each["AvailabilityZone"]) for each in found} == {("g5.xlarge", "us-east-1b")}


def test_an_unknown_filter_is_refused(ec2: Any) -> None:
    filters = [{"Name": "price", "Values": ["1"]}]
    assert error_code(ec2.describe_spot_price_history, Filters=filters) == "InvalidParameterValue"
