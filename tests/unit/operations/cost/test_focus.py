from __future__ import annotations

import csv
import io
import json

import pytest

from mlinfra.declarations import SERVICE_CODES
from mlinfra.operations.cost.focus import FOCUS_COLUMNS, OWN_COLUMNS, SERVICES, to_focus_csv
from tests.unit.operations.cost.stacks import TODAY, estimate, resource
from tests.unit.operations.cost.test_estimating import EVERYTHING, cluster

# The columns that AWS Data Exports have in "FOCUS 1.2 with AWS columns", without those that begin with x_.
AWS_COLUMNS = 57


def rows(*resources: dict[str, object], **assumptions: object) -> list[dict[str, str]]:
    written = to_focus_csv(estimate(*resources, **assumptions), TODAY)
    return list(csv.DictReader(io.StringIO(written)))


def test_the_columns_are_those_of_the_specification_and_our_own() -> None:
    # Since 1.2, version 1.3 has added 8 columns; 1.4 has added 2 and removed 2.
    assert len(FOCUS_COLUMNS) == len(set(FOCUS_COLUMNS)) == AWS_COLUMNS + 8
    assert {"ProviderName", "PublisherName"}.isdisjoint(FOCUS_COLUMNS)
    assert sorted(FOCUS_COLUMNS) == list(FOCUS_COLUMNS)
    assert all(each.startswith("x_") for each in OWN_COLUMNS)
    header = to_focus_csv(estimate(), TODAY).splitlines()[0]
    assert header.split(",") == [*FOCUS_COLUMNS, *OWN_COLUMNS]


def test_a_row_has_cost_quantity_price_and_period() -> None:
    (row,) = rows(*cluster(nodes=2, Owner="ana@example.com", Experiment="two-tower"))
    assert row["EffectiveCost"] == row["BilledCost"] == row["ListCost"] == "1468.76"
    assert (row["PricingQuantity"], row["PricingUnit"], row["ListUnitPrice"]) == ("1460", "hours", "1.006")
    assert (row["ChargePeriodStart"], row["ChargePeriodEnd"]) == ("2026-11-29T00:00:00Z", "2026-12-29T10:00:00Z")
    assert (row["BillingPeriodStart"], row["BillingPeriodEnd"]) == ("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z")
    assert (row["ServiceCategory"], row["x_ServiceCode"]) == ("Compute", "AmazonEC2")
    assert (row["RegionId"], row["SubAccountId"]) == ("us-east-1", "111111111111")
    assert json.loads(row["Tags"])["Owner"] == "ana@example.com"


def test_an_agreed_price_differs_from_the_list_price() -> None:
    (row,) = rows(*cluster(nodes=2), price_factors={"AmazonEC2": 0.5})
    assert (row["ListCost"], row["EffectiveCost"], row["ContractedUnitPrice"]) == ("1468.76", "734.38", "0.503")


def test_an_agreed_price_of_a_type_has_no_list_cost() -> None:
    (row,) = rows(*cluster(nodes=2), instance_usd_per_hour={"g5.xlarge": 0.5})
    assert (row["ListCost"], row["ListUnitPrice"], row["EffectiveCost"]) == ("", "", "730")


def test_a_part_with_several_prices_has_a_list_cost() -> None:
    spot = resource("aws_spot_instance_request", instance_type="g5.xlarge")
    (row,) = rows(spot, price_factors={"AmazonEC2": 0.5})
    assert float(row["ListCost"]) == pytest.approx(0.4034 * 730)
    assert float(row["EffectiveCost"]) == pytest.approx(0.4034 * 730 / 2)
    assert row["ListUnitPrice"] == ""


def test_price_and_quantity_make_the_cost_of_every_row_at_list_prices() -> None:
    found = [each for each in rows(*EVERYTHING, *cluster()) if each["ListUnitPrice"]]
    assert len(found) > 15
    for each in found:
        cost = float(each["PricingQuantity"]) * float(each["ListUnitPrice"])
        assert cost == pytest.approx(float(each["EffectiveCost"]), abs=1e-6), each


def test_spot_capacity_has_dynamic_prices() -> None:
    spot = resource("aws_spot_instance_request", instance_type="g5.xlarge")
    assert rows(spot)[0]["PricingCategory"] == "Dynamic"


def test_every_service_has_a_category() -> None:
    assert set(SERVICE_CODES.values()) <= set(SERVICES)
