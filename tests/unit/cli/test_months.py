"""The option for a month."""

from __future__ import annotations

import re
from datetime import date

import pytest

from mlinfra.cli.months import first_day
from mlinfra.errors import OperationError

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("month", "first"), [(None, date(2026, 11, 1)), ("2026-11", date(2026, 11, 1)), ("2025-02", date(2025, 2, 1))]
)
def test_the_first_day_of_a_month_is_found(month: str | None, first: date) -> None:
    assert first_day(month, TODAY) == first


@pytest.mark.parametrize(
    ("month", "said"),
    [
        ("November", "--month: 'November' is not a month. Expected: year and month, such as 2026-11."),
        ("2026-13", "--month: '2026-13' is not a month. Expected: year and month, such as 2026-11."),
        ("2027-01", "--month: 2027-01 has not begun. Expected: 2026-11 or an earlier month."),
    ],
)
def test_other_texts_and_months_that_have_not_begun_are_refused(month: str, said: str) -> None:
    with pytest.raises(OperationError, match=f"^{re.escape(said)}$"):
        first_day(month, TODAY)
