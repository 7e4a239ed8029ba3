"""Elements of the page that several tests use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.operations.report.section import Section

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

SECTIONS = ("cost", "clusters", "audit", "drift", "approvals", "architecture")
TO = "\N{EN DASH}"
NOTHING = Section(reason="There are no AWS credentials.", command="aws sso login")
"""A section without data."""


def answer(page: Page, title: str) -> Locator:
    return page.locator(".answer", has=page.get_by_role("heading", name=title))


def part(page: Page, name: str) -> Locator:
    return page.locator(f"section#{name}")


def rows(table: Locator) -> list[str]:
    """The first lines of the rows' headers."""
    return [each.strip().splitlines()[0] for each in table.locator("tbody th").all_inner_texts()]


def table(page: Page, name: str) -> Locator:
    return page.get_by_role("table", name=name, exact=True)


def see(page: Page, name: str) -> None:
    """Scroll to a section, so that its drawings are made."""
    part(page, name).scroll_into_view_if_needed()
    page.evaluate("name => document.getElementById(name).scrollIntoView()", name)
    page.wait_for_timeout(150)


def see_all(page: Page) -> None:
    for each in SECTIONS:
        see(page, each)
