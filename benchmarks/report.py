"""Measure how fast a browser opens a report and draws a part of its architecture: `python -m benchmarks.report`."""

from __future__ import annotations

import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.page import print_table
from ci import browser
from mlinfra.operations.report import page as report_page
from tests.browser.conftest import FLAGS
from tests.browser.elements import see
from tests.browser.sample import large_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_COUNTS = (1_000, 5_000, 20_000)
_ROUNDS = 5
_LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"
_DRAWN = """() => {
    const start = performance.now();
    [...document.querySelectorAll('.arch-side .item')].find(each => each.textContent.includes('part-5')).click();
    return performance.now() - start;
}"""
_HEADER = ("resources", "size of the file", "until it is loaded", "until 100 resources are drawn")


def main() -> None:
    """Run the benchmark."""
    from playwright.sync_api import sync_playwright

    path = browser.find()
    if path is None:
        sys.exit(browser.HOW)
    with tempfile.TemporaryDirectory(prefix="mlinfra-bench-") as folder, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=[*FLAGS])
        rows = [_row(count, chromium, Path(folder, "report.html")) for count in _COUNTS]
        chromium.close()
    print_table(f"Opening a report in Chromium (medians of {_ROUNDS})", header=_HEADER, rows=rows)


def _row(count: int, chromium: Browser, report: Path) -> list[str]:
    report.write_text(report_page(large_report(count)), encoding="utf-8")
    loaded, drawn = [], []
    for _ in range(_ROUNDS):
        page = chromium.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
        page.goto(report.as_uri())
        loaded.append(page.evaluate(_LOADED) / 1000)
        see(page, "architecture")
        drawn.append(page.evaluate(_DRAWN) / 1000)
        page.close()
    size = report.stat().st_size / 1e6
    return [
        f"{count:,}",
        f"{size:.1f} MB",
        f"{statistics.median(loaded):.2f} s",
        f"{statistics.median(drawn):.2f} s",
    ]


if __name__ == "__main__":
    main()
