"""Tables: order, filters, downloads."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.elements import part, rows, see, table
from tests.browser.sample import CLUSTERS, ITEMS, large_report, report

if TYPE_CHECKING:
    from tests.browser.conftest import Opened

pytestmark = [pytest.mark.lengthy, pytest.mark.xdist_group("browser")]


def test_headers_sort_and_unknown_values_are_last(opened: Opened) -> None:
    with opened(report()) as page:
        found = table(page, "Resources of the account")
        head = found.get_by_role("columnheader", name="USD a month")
        assert head.get_attribute("aria-sort") == "descending"
        assert (rows(found)[0], rows(found)[-1]) == ("hack-night", "unknown-price")
        head.get_by_role("button").click()
        assert head.get_attribute("aria-sort") == "ascending"
        assert (rows(found)[-2], rows(found)[-1]) == ("hack-night", "unknown-price")
        assert page.locator("#announce").inner_text() == "Sorted by USD a month, ascending."
        found.get_by_role("button", name="Resource").click()
        assert head.get_attribute("aria-sort") is None


def test_search_and_filters_combine_and_are_cleared(opened: Opened) -> None:
    with opened(report()) as page:
        section, found = part(page, "audit"), table(page, "Resources of the account")
        section.get_by_role("combobox", name="Region").select_option("eu-west-1")
        section.get_by_role("searchbox").fill("INSTANCE idle")
        assert rows(found) == ["hack-night"]
        assert section.get_by_text(f"1 of {len(ITEMS)} resources", exact=True).is_visible()
        section.get_by_role("button", name="Clear filters").click()
        assert len(rows(found)) == len(ITEMS)


def test_a_filter_without_matches_says_so(opened: Opened) -> None:
    with opened(report()) as page:
        part(page, "audit").get_by_role("searchbox").fill("nothing has this text")
        assert part(page, "audit").get_by_text("No row matches the filters.").is_visible()


def test_toggles_filter_clusters(opened: Opened) -> None:
    with opened(report()) as page:
        part(page, "clusters").get_by_role("button", name="Idle (2)").click()
        assert rows(table(page, "Clusters")) == ["hackathon", "sampling"]


def test_a_cluster_shows_spend_against_its_limit_and_its_marks(opened: Opened) -> None:
    with opened(report()) as page:
        row = table(page, "Clusters").get_by_role("row").filter(has_text="hackathon")
        text = row.inner_text()
        assert "$31,210 of $15,000" in text
        assert "not declared" in text
        assert "Its cost of 31210.00 USD exceeds its spend limit" in text
        row.locator("summary").click()
        assert "No experiment declares it" in row.inner_text()
        assert row.get_by_role("img").get_attribute("aria-label") == "208% of the limit"
        assert len(rows(table(page, "Clusters"))) == len(CLUSTERS)


def test_the_daily_cost_is_a_chart_and_a_table(opened: Opened) -> None:
    with opened(report()) as page:
        see(page, "clusters")
        section = part(page, "clusters")
        assert section.get_by_text("Nov 10, 2026 to Nov 29, 2026").is_visible()
        assert section.locator(".chart canvas").is_visible()
        section.get_by_text("The same as a table").click()
        first = table(page, "Spend a day by owner").locator("tbody tr").first.all_inner_texts()
        assert first[0].split("\t") == ["2026-11-29", "recsys-dev-two-tower-v2", "ana@example.com", "$580"]


def test_long_tables_show_a_part_until_all_is_requested(opened: Opened) -> None:
    with opened(large_report(200)) as page:
        assert len(rows(table(page, "Resources of the account"))) == 25
        part(page, "audit").get_by_role("button", name="Show all 200").click()
        assert len(rows(table(page, "Resources of the account"))) == 200


def test_a_download_is_csv_without_formulas(opened: Opened) -> None:
    with opened(report()) as page:
        with page.expect_download() as download:
            part(page, "audit").get_by_role("button", name="Download as CSV: Resources of the account").click()
        written = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8"))))
        assert download.value.suggested_filename == "audit.csv"
        assert len(written) == len(ITEMS)
        (formula,) = [each["Resource"] for each in written if "2+5" in each["Resource"]]
        assert formula.startswith("'=")
        assert written[0]["USD a month"] == "95700"
