from __future__ import annotations

import json

import pytest

from mlinfra.operations.cost.comparing import Comparison
from mlinfra.operations.cost.estimate import Estimate, Key
from tests.unit.operations.cost.stacks import estimate, resource


def owned(label: str, owner: str) -> dict[str, object]:
    return resource("aws_nat_gateway", label, tags={"Owner": owner})


BEFORE = estimate(owned("a", "ana@example.com"), owned("b", "li@example.com"), nat_gateway_gb=0)
AFTER = estimate(
    owned("a", "ana@example.com"), owned("c", "sam@example.com"), owned("d", "sam@example.com"), nat_gateway_gb=0
)


def test_the_difference_is_by_owner_the_largest_first() -> None:
    found = Comparison(BEFORE, AFTER).by(Key.OWNER)
    assert [(each.name, each.before_high, each.after_high) for each in found] == [
        ("sam@example.com", 0.0, 65.7),
        ("li@example.com", 32.85, 0.0),
    ]


def test_the_total_has_all_changes() -> None:
    total = Comparison(BEFORE, AFTER).total
    assert (total.before_high, total.after_high) == pytest.approx((65.7, 98.55))
    assert total.high == total.low == pytest.approx(32.85)


def test_equal_estimates_have_no_difference() -> None:
    assert Comparison(BEFORE, BEFORE).by(Key.OWNER) == ()
    assert Comparison(Estimate(), Estimate()).total.high == 0


def test_json_has_both_estimates() -> None:
    written = json.loads(json.dumps(Comparison(BEFORE, AFTER).as_json(Key.OWNER)))
    assert written["total"]["high"] == 32.85
    assert [each["name"] for each in written["changes"]] == ["sam@example.com", "li@example.com"]
    assert len(written["before"]["lines"]) == 4
    assert len(written["after"]["lines"]) == 6
