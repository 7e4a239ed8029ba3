from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from mlinfra.operations.cost.estimate import Estimate, Key, Line, Unpriced, together

LINE = Line(
    address="aws_nat_gateway.nat",
    type="aws_nat_gateway",
    stack="dev-foundation",
    environment="dev",
    experiment="",
    team="ml-platform",
    owner="",
    cost_center="ml-1234",
    usd_per_hour_low=0.045,
    usd_per_hour_high=0.045,
    usd_per_month_low=32.85,
    usd_per_month_high=32.85,
    formula="0.045 USD per hour x 730 hours",
    source="AWS",
    as_of="2025-06-13",
    assumption="",
    service="AmazonEC2",
    region="us-east-1",
)
CLUSTER = replace(
    LINE,
    address="aws_autoscaling_group.train",
    type="aws_autoscaling_group",
    stack="dev-training",
    experiment="two-tower",
    owner="ana@example.com",
    usd_per_hour_low=1.0,
    usd_per_hour_high=3.0,
    usd_per_month_low=300.0,
    usd_per_month_high=2190.0,
)
UNKNOWN = Unpriced("aws_db_instance.x", "aws_db_instance", "no formula", stack="dev-data", environment="dev")


def test_a_sum_by_a_key_has_the_most_expensive_first() -> None:
    found = Estimate((LINE, CLUSTER)).by(Key.EXPERIMENT)
    assert [(each.name, each.usd_per_month_high) for each in found] == [("two-tower", 2190.0), ("", 32.85)]


def test_the_total_is_the_sum_of_all_lines() -> None:
    total = Estimate((LINE, CLUSTER)).total
    assert total.usd_per_hour_low == pytest.approx(1.045)
    assert total.usd_per_month_low == pytest.approx(332.85)
    assert total.usd_per_month_high == pytest.approx(2222.85)
    assert total.lines == 2


def test_a_resource_without_a_price_is_counted_and_adds_nothing() -> None:
    estimate = Estimate((LINE,), (UNKNOWN,))
    assert estimate.total.unpriced == 1
    assert [(each.name, each.lines, each.unpriced) for each in estimate.by(Key.STACK)] == [
        ("dev-foundation", 1, 0),
        ("dev-data", 0, 1),
    ]


def test_several_keys_are_joined_with_a_slash() -> None:
    found = Estimate((LINE, CLUSTER)).by(Key.ENVIRONMENT, Key.STACK)
    assert [each.name for each in found] == ["dev/dev-training", "dev/dev-foundation"]


def test_one_value_of_a_key_is_selected() -> None:
    assert Estimate((LINE, CLUSTER), (UNKNOWN,)).only(Key.STACK, "dev-data") == Estimate((), (UNKNOWN,))


def test_json_has_the_lines_the_sums_and_what_has_no_price() -> None:
    written = json.loads(json.dumps(Estimate((LINE, CLUSTER), (UNKNOWN,), free=7).as_json()))
    assert written["currency"] == "USD"
    assert written["total"]["usd_per_month_high"] == 2222.85
    assert written["by"]["owner"][0]["name"] == "ana@example.com"
    assert written["lines"][1]["formula"] == LINE.formula
    assert written["unpriced"][0]["reason"] == "no formula"
    assert written["free"] == 7


def test_several_estimates_become_one() -> None:
    made = together([Estimate((LINE,), free=1, old=("x",)), Estimate((CLUSTER,), (UNKNOWN,), free=2, old=("x",))])
    assert made == Estimate((LINE, CLUSTER), (UNKNOWN,), free=3, old=("x",))


AMOUNT = st.floats(min_value=0, max_value=1e7)
LINES = st.lists(
    st.builds(
        lambda owner, stack, low, more: replace(
            LINE, owner=owner, stack=stack, usd_per_month_low=low, usd_per_month_high=low + more
        ),
        st.sampled_from(["", "ana@example.com", "li@example.com"]),
        st.sampled_from(["dev-data", "dev-training"]),
        AMOUNT,
        AMOUNT,
    )
)


@given(LINES, st.sampled_from(list(Key)))
def test_the_sums_by_a_key_add_up_to_the_total(lines: list[Line], key: Key) -> None:
    estimate = Estimate(tuple(lines))
    for end in ("usd_per_month_low", "usd_per_month_high", "usd_per_hour_high"):
        parts = math.fsum(getattr(each, end) for each in estimate.by(key))
        assert parts == pytest.approx(getattr(estimate.total, end), rel=1e-12)
