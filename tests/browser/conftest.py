"""A headless Chromium, and pages of reports in it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from ci import browser as chromium_of_the_system
from mlinfra.operations.report import page as report_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from playwright.sync_api import Browser, Page

    Opened = Callable[..., AbstractContextManager[Page]]

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}


def missing(reason: str) -> None:
    """Skip the test; where the browser is required, fail it."""
    if os.environ.get("MLINFRA_REQUIRE_BROWSER_TESTS"):
        pytest.fail(f"tests of the report have to run here, and cannot: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser of the session."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright is not installed. Install it: make browser-tests")
    path = chromium_of_the_system.find()
    if path is None:
        missing(chromium_of_the_system.HOW)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=[*FLAGS])
        yield running
        running.close()


@pytest.fixture
def opened(chromium: Browser, tmp_path: Path) -> Opened:
    """Open a page with the given data. At the end, there must be no error and no request."""

    @contextmanager
    def show(
        data: dict[str, Any] | None = None, *, url: str = "", size: dict[str, int] = DESKTOP, **options: Any
    ) -> Iterator[Page]:
        messages: list[str] = []
        if data is not None:
            path = tmp_path / "report.html"
            path.write_text(report_page(data), encoding="utf-8")
            url = path.as_uri()
        context = chromium.new_context(viewport=size, reduced_motion="reduce", **options)
        shown = context.new_page()
        shown.set_default_timeout(10_000)
        shown.on("console", lambda message: messages.append(message.text))
        shown.on("pageerror", lambda error: messages.append(str(error)))
        shown.on(
            "request",
            lambda request: messages.append(request.url) if not request.url.startswith(("blob:", url)) else None,
        )
        shown.goto(url)
        try:
            yield shown
            assert messages == []
            assert shown.evaluate("window.attacked") is None
        finally:
            context.close()

    return show
