from __future__ import annotations

import math

import pytest

from mlinfra.declarations import Missing, Price
from mlinfra.operations.cost.parts import Part, Span, amount, hourly, joined, monthly, tiered, whole

CHEAP = Price(0.5, "AmazonEC2", "AWS", "2026-07-20", 0.5)
DEAR = Price(2.0, "AmazonEC2", "AWS", "2026-07-20", 2.0, note="agreed")


def part(found: Part | Missing) -> Part:
    assert isinstance(found, Part)
    return found


def test_hours_and_count_and_price_may_be_ranges() -> None:
    found = part(hourly("nodes", CHEAP, high=DEAR, count=Span(1, 3), hours=Span(100, 200)))
    assert found.month == (50, 1200)
    assert found.hour == (0.5, 6)
    assert found.formula == "1 to 3 x 0.5 to 2 USD per hour x 100 to 200 hours"
    assert found.assumption == "agreed"
    assert (found.quantity, found.unit) == (600, "hours")


def test_a_quantity_is_billed_for_a_part_of_the_month() -> None:
    found = part(monthly("storage", CHEAP, 100, "GB-months", hours=Span(365, 730)))
    assert found.month == (25, 50)
    assert found.hour == pytest.approx((50 / 730, 50 / 730))
    assert found.formula == "100 GB-months x 0.5 USD x 365 to 730 of 730 hours"


def test_a_price_may_be_for_many_units() -> None:
    found = part(monthly("requests", CHEAP, 3_000_000, "requests", per=1_000_000))
    assert found.month == (1.5, 1.5)
    assert found.formula == "3,000,000 requests x 0.5 USD per 1,000,000"


def test_tiers_are_used_in_their_order() -> None:
    tiers = [(100, DEAR), (math.inf, CHEAP)]
    assert part(tiered("storage", tiers, 50, "GB")).month == (100, 100)
    found = part(tiered("storage", tiers, 150, "GB"))
    assert found.month == (225, 225)
    assert found.formula == "100 GB x 2 USD + 50 GB x 0.5 USD"
    assert part(tiered("storage", tiers, 0, "GB")).month == (0, 0)


def test_without_a_price_there_is_no_part() -> None:
    missing = Missing("no price")
    assert hourly("x", missing) is missing
    assert hourly("x", CHEAP, high=missing) is missing
    assert monthly("x", missing, 1, "GB") is missing
    assert tiered("x", [(1, CHEAP), (math.inf, missing)], 2, "GB") is missing


def test_amounts_have_the_digits_that_matter() -> None:
    assert amount(Span(0.0000166667, 0.0000166667)) == "0.0000166667"
    assert amount(Span(12.0, 12.5)) == "12 to 12.5"
    assert amount(Span(0, 0)) == "0"


def test_texts_are_joined_without_repetition() -> None:
    assert joined("a", "", "b", "a") == "a; b"


def test_binary_fractions_do_not_add_a_node() -> None:
    assert (whole(0.1 + 0.2 - 0.3), whole(2.0000000000000004), whole(2.1)) == (0, 2, 3)
