"""The whole page: keyboard, accessibility, policy, theme, size and time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.operations.report import Reports, page as report_page, serve_reports
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.elements import NOTHING, rows, see, see_all, table
from tests.browser.sample import HOSTILE, large_report, report
from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.browser.conftest import Opened

pytestmark = [pytest.mark.lengthy, pytest.mark.xdist_group("browser")]

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"


class TestKeyboard:
    def test_the_first_tab_stop_skips_the_navigation(self, opened: Opened) -> None:
        with opened(report()) as page:
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
            page.keyboard.press("Enter")
            assert page.evaluate("document.activeElement.id") == "main"

    def test_tables_are_sorted_and_scrolled_without_a_mouse(self, opened: Opened) -> None:
        with opened(report()) as page:
            table(page, "Clusters").get_by_role("button", name="Age").focus()
            page.keyboard.press("Enter")
            assert (
                table(page, "Clusters").get_by_role("columnheader", name="Age").get_attribute("aria-sort")
                == "descending"
            )
            assert page.get_by_role("region", name="Clusters, table").get_attribute("tabindex") == "0"

    def test_every_control_shows_its_focus(self, opened: Opened) -> None:
        with opened(report()) as page:
            for _ in range(60):
                page.keyboard.press("Tab")
                width = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
                name = page.evaluate("document.activeElement.outerHTML.slice(0, 120)")
                assert width == "3px", name

    def test_the_architecture_is_opened_without_a_mouse(self, opened: Opened) -> None:
        with opened(report()) as page:
            see(page, "architecture")
            side = page.get_by_role("region", name="Boxes of the drawing, and details")
            side.get_by_role("button", name="training").focus()
            page.keyboard.press("Enter")
            assert page.get_by_role("list", name="Level").inner_text().split() == ["dev", "dev-training"]
            assert page.evaluate("document.activeElement.className") == "arch-side"


def test_a_hostile_name_is_text(opened: Opened) -> None:
    with opened(report()) as page:
        see_all(page)
        assert rows(table(page, "Resources of the account"))[-2] == HOSTILE
        page.get_by_label("Find").fill("dev-training/aws_lambda_function.shutdown_janitor_56789012")
        assert HOSTILE in page.get_by_role("region", name="Boxes of the drawing, and details").inner_text()
        assert page.locator("img").count() == 0


def test_the_policy_of_the_page_blocks_injected_scripts(opened: Opened, tmp_path: Path) -> None:
    page_text = report_page(report()).replace(
        '<div class="announce"', '<script>window.attacked=1</script><div class="announce"'
    )
    path = tmp_path / "injected.html"
    path.write_text(page_text, encoding="utf-8")
    with pytest.raises(AssertionError, match="Content Security Policy"), opened(url=path.as_uri()) as page:
        assert page.evaluate("window.attacked") is None


def test_a_served_report_collects_its_data_again(opened: Opened) -> None:
    collected = 0

    def collect() -> dict[str, Any]:
        nonlocal collected
        collected += 1
        return {**report(), "created": f"2026-11-29T20:0{collected}:00Z"}

    with serve_reports(Reports(collect)) as address, opened(url=address) as page:
        assert "20:01 UTC" in page.locator("#overview").inner_text()
        page.get_by_role("button", name="Refresh").click()
        page.get_by_text("20:02 UTC").wait_for(timeout=20_000)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("content", ["full", "empty"])
def test_axe_finds_no_violation(opened: Opened, scheme: str, size: dict[str, int], content: str) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make setup")
    data = (
        report()
        if content == "full"
        else report(
            cost=NOTHING, clusters=NOTHING, audit=NOTHING, drift=NOTHING, approvals=NOTHING, architecture=NOTHING
        )
    )
    # The policy of the page would block axe itself.
    with opened(data, size=size, color_scheme=scheme, bypass_csp=True) as page:
        see_all(page)
        page.evaluate(AXE.read_text(encoding="utf-8"))
        tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
        found = page.evaluate("tags => axe.run({runOnly: tags})", tags)
        assert [(each["id"], [node["html"][:120] for node in each["nodes"]][:3]) for each in found["violations"]] == []


@pytest.mark.parametrize(
    "size", [PHONE, {"width": 320, "height": 640}, DESKTOP], ids=["phone", "small phone", "desktop"]
)
def test_the_page_is_not_wider_than_the_window(opened: Opened, size: dict[str, int]) -> None:
    with opened(report(), size=size) as page:
        see_all(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_the_theme_follows_the_system_and_can_be_chosen(opened: Opened) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    with opened(report(), color_scheme="light") as page:
        light = page.evaluate(background)
        page.get_by_label("Theme").select_option("dark")
        assert page.evaluate(background) != light
        page.reload()
        assert page.get_by_label("Theme").input_value() == "dark"
        assert page.evaluate(background) != light
    with opened(report(), color_scheme="dark") as page:
        assert page.evaluate(background) != light


def test_a_report_of_1000_resources_is_small_and_draws_a_part_of_them(opened: Opened) -> None:
    data = large_report(1_000)
    assert sum(len(each["resources"]) for each in data["sections"]["architecture"]["data"]["stacks"]) == 1_000
    assert len(report_page(data).encode()) < 3_000_000
    elements = "document.querySelectorAll('*').length"
    with opened(data) as page:
        # How fast it is: `python -m benchmarks.report`.
        assert page.evaluate(elements) < 4_000
        see(page, "architecture")
        side = page.get_by_role("region", name="Boxes of the drawing, and details")
        side.get_by_text("part-5").first.click()
        assert page.evaluate(elements) < 4_000
        assert side.get_by_role("heading").first.inner_text() == "dev-part-5: 100 resources"
