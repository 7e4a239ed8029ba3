"""Estimate, recorded cost and bill beside each other."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from mlinfra.operations.billing import Bill, BilledCost, BillKey, SideBySide, side_by_side
from mlinfra.operations.cost import Estimate, Line
from tests.conftest import an_environment

ENVIRONMENT = an_environment()


def line(owner: str, usd: float, environment: str = "dev") -> Line:
    values: dict[str, Any] = dict.fromkeys(
        ("address", "type", "stack", "experiment", "team", "cost_center", "formula", "source", "as_of", "assumption"),
        "",
    )
    amounts = dict.fromkeys(("usd_per_hour_low", "usd_per_hour_high"), usd / 730)
    return Line(
        **values, **amounts, owner=owner, environment=environment, usd_per_month_low=usd / 2, usd_per_month_high=usd
    )


def compared(*costs: BilledCost, last_day: date | None = date(2026, 11, 15), **recorded: float) -> SideBySide:
    bill = Bill(date(2026, 11, 1), BillKey.OWNER, costs, last_day)
    estimate = Estimate((line("ana", 100), line("li", 50), line("ana", 999, environment="prod")))
    return side_by_side(ENVIRONMENT, bill, estimate, recorded)


def test_values_of_all_sources_have_a_row_the_most_expensive_on_the_bill_first() -> None:
    found = compared(BilledCost("eva", "dev", "recsys", 70), BilledCost("ana", "dev", "", 40), sam=3)
    assert [
        (each.name, each.estimated_low, each.estimated_high, each.recorded, each.billed) for each in found.rows
    ] == [
        ("eva", 0, 0, 0, 70),
        ("ana", 50, 100, 0, 40),
        ("li", 25, 50, 0, 0),
        ("sam", 0, 0, 3, 0),
    ]


def test_the_bill_of_the_month_is_projected_from_its_days() -> None:
    found = compared(BilledCost("ana", "dev", "recsys", 40))
    assert found.rows[0].projected == pytest.approx(80)
    assert found.total.projected == pytest.approx(80)


def test_without_data_nothing_is_projected() -> None:
    found = compared(last_day=None)
    assert (found.total.billed, found.total.projected, found.total.estimated_high) == (0, 0, 150)


def test_other_environments_and_untagged_resources_are_sums_of_their_own() -> None:
    found = compared(
        BilledCost("ana", "dev", "recsys", 1),
        BilledCost("ana", "dev", "search", 2),
        BilledCost("ana", "prod", "recsys", 4),
        BilledCost("", "", "", 8),
    )
    assert (found.total.billed, found.other_environments, found.without_environment) == (1, 6, 8)


def test_the_json_has_months_and_days_as_text() -> None:
    values = json.loads(json.dumps(compared(BilledCost("ana", "dev", "recsys", 40)).as_json()))
    assert (values["month"], values["last_day"], values["key"]) == ("2026-11", "2026-11-15", "owner")
    assert values["rows"][0]["name"] == "ana"
