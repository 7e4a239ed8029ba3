"""The cost: charts and tables that lead to what they consist of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.elements import TO, part, rows, see, table
from tests.browser.sample import LINES, report

if TYPE_CHECKING:
    from tests.browser.conftest import Opened

pytestmark = [pytest.mark.lengthy, pytest.mark.xdist_group("browser")]


def test_a_row_leads_to_what_it_consists_of(opened: Opened) -> None:
    with opened(report()) as page:
        section = part(page, "cost")
        assert rows(table(page, "Cost by team")) == ["ranking", "search", "ml-platform"]
        section.get_by_role("button", name="ranking", exact=True).click()
        assert rows(table(page, "Cost by owner")) == ["ana@example.com", "kim@example.com"]
        assert len(rows(table(page, "Lines of the estimate"))) == 2
        section.get_by_role("button", name="ana@example.com").click()
        assert rows(table(page, "Cost by experiment")) == ["two-tower-v2"]
        section.get_by_role("list", name="Selection").get_by_role("button", name="All").click()
        assert len(rows(table(page, "Lines of the estimate"))) == len(LINES)


def test_the_parts_add_up_to_the_total(opened: Opened) -> None:
    with opened(report()) as page:
        for key in ("Team", "Owner", "Experiment", "Environment", "Stack", "Type"):
            part(page, "cost").get_by_role("button", name=key, exact=True).first.click()
            shares = table(page, f"Cost by {key.lower()}").locator("tbody td:nth-child(3)").all_inner_texts()
            assert 98 <= sum(int(each.rstrip("%").lstrip("<")) for each in shares) <= 102


def test_groups_are_compared_with_their_limits(opened: Opened) -> None:
    with opened(report()) as page:
        section = part(page, "cost")
        section.get_by_role("button", name="Environment", exact=True).click()
        found = table(page, "Cost by environment")
        assert found.locator("tbody td:last-child").all_inner_texts() == ["$15,000", "$900"]
        section.get_by_role("button", name="Owner", exact=True).first.click()
        row = table(page, "Cost by owner").get_by_role("row").filter(has_text="ana@example.com")
        assert row.get_by_role("img").get_attribute("aria-label") == "113% of the limit"


def test_a_bar_leads_to_what_it_consists_of(opened: Opened) -> None:
    with opened(report()) as page:
        see(page, "cost")
        chart = part(page, "cost").locator(".chart")
        assert f"ranking $9,000{TO}10,000" in (chart.get_attribute("aria-label") or "")
        box = chart.bounding_box()
        assert box is not None
        chart.click(position={"x": box["width"] * 0.4, "y": 22})
        assert rows(table(page, "Cost by owner")) == ["ana@example.com", "kim@example.com"]


def test_resources_without_a_price_are_listed(opened: Opened) -> None:
    with opened(report()) as page:
        part(page, "cost").get_by_text("1 resource without a known price, not counted").click()
        assert "no price in eu-north-1" in table(page, "Resources without a known price").inner_text()
