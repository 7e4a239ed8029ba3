from __future__ import annotations

import pytest

from mlinfra.operations.cost.estimate import Estimate
from mlinfra.operations.cost.words import named, remarks, signed, usd, usd_range
from tests.unit.operations.cost.stacks import estimate, resource


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0"),
        (0.004, "<0.01"),
        (0.5, "0.50"),
        (99.994, "99.99"),
        (100, "100"),
        (17308.4, "17,308"),
        (-5, "-5.00"),
    ],
)
def test_small_amounts_have_cents(amount: float, text: str) -> None:
    assert usd(amount) == text


def test_a_range_of_equal_amounts_is_one() -> None:
    assert (usd_range(1000.1, 1000.2), usd_range(0, 2056)) == ("1,000", "0 to 2,056")


def test_an_increase_has_a_sign() -> None:
    assert (signed(1200), signed(-1200), signed(0)) == ("+1,200", "-1,200", "0")


def test_empty_names_are_none() -> None:
    assert (named(""), named("ana@example.com/"), named("/x")) == ("(none)", "ana@example.com/(none)", "(none)/x")


def test_remarks_name_what_is_not_included() -> None:
    text = " ".join(remarks(estimate(resource("aws_db_instance"), resource("aws_kms_key", enable_key_rotation=True))))
    assert "Not included: 1 part without a known price." in text
    assert "A range is from the low end" in text
    assert "1 price is older than the environment allows (price_max_age_days)." in text
    assert "without tax" in text


def test_a_single_figure_needs_no_remark_about_ranges() -> None:
    assert "range" not in " ".join(remarks(Estimate(free=3)))
    assert "3 resources are free." in " ".join(remarks(Estimate(free=3)))
