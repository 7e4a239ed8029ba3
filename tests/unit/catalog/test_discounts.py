"""Discounts on prices."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given, strategies

from mlinfra.catalog import PlanUsage, Rate, discounted, plan_coverage

RATE = Rate(10.0, "hour", "us-east-1", date(2026, 7, 20), "AWS price list", "published")
P5 = PlanUsage("p5", quantity=2, usd=50, plan_usd=30)
G5 = PlanUsage("g5", quantity=1, usd=1, plan_usd=0.8)


def test_a_factor_lowers_the_price_and_the_note_states_it() -> None:
    found = discounted(RATE, factor=0.88)
    assert (found.usd, found.basis, found.note) == (8.8, "discounted", "10 USD x 0.88")
    assert (found.unit, found.region, found.as_of, found.source) == (RATE.unit, RATE.region, RATE.as_of, RATE.source)


def test_an_agreed_price_replaces_the_price() -> None:
    found = discounted(RATE, agreed_usd=7.5)
    assert (found.usd, found.note) == (7.5, "agreed price instead of 10 USD")


def test_no_discount_changes_nothing() -> None:
    assert discounted(RATE) is RATE


@pytest.mark.parametrize(
    ("discount", "message"),
    [
        ({"factor": 0}, "factor=0 is not a valid discount. Expected: above 0 and at most 1, such as 0.88 for 12% off."),
        ({"factor": float("nan")}, "factor=nan is not a valid discount."),
        ({"factor": 1.1}, "factor=1.1 is not a valid discount."),
        ({"agreed_usd": -1}, "agreed_usd=-1 is not a valid price. Expected: at least 0."),
        ({"agreed_usd": float("inf")}, "agreed_usd=inf is not a valid price."),
        ({"factor": 0.5, "agreed_usd": 1}, "factor=0.5 and agreed_usd=1 exclude each other. Expected: one of them."),
    ],
)
def test_an_invalid_discount_is_refused(discount: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        discounted(RATE, **discount)


def test_a_savings_plan_covers_the_highest_saving_first() -> None:
    found = plan_coverage([G5, P5], 60.4)
    assert found.covered == {"p5": 1, "g5": pytest.approx(0.5)}
    assert found.unused_usd == 0


def test_a_commitment_above_the_usage_is_partly_unused() -> None:
    found = plan_coverage([P5], 100)
    assert (found.covered, found.unused_usd) == ({"p5": 1}, 40)


def test_usage_that_the_plan_makes_no_cheaper_is_not_covered() -> None:
    found = plan_coverage([PlanUsage("m5", 1, usd=1, plan_usd=1)], 5)
    assert (found.covered, found.unused_usd) == ({"m5": 0}, 5)


@pytest.mark.parametrize("commitment", [-1, float("nan"), float("inf")])
def test_an_invalid_commitment_is_refused(commitment: float) -> None:
    with pytest.raises(ValueError, match=r"is not valid\. Expected: at least 0\."):
        plan_coverage([], commitment)


@given(
    strategies.lists(strategies.tuples(*[strategies.floats(0, 100)] * 3), max_size=5),
    strategies.floats(0, 1_000),
)
def test_the_covered_usage_and_the_rest_add_up_to_the_commitment(
    usages: list[tuple[float, float, float]], commitment: float
) -> None:
    given_ = [PlanUsage(str(number), *each) for number, each in enumerate(usages)]
    found = plan_coverage(given_, commitment)
    used = sum(found.covered[each.key] * each.quantity * each.plan_usd for each in given_)
    assert used + found.unused_usd == pytest.approx(commitment)
    assert all(0 <= each <= 1 for each in found.covered.values())
