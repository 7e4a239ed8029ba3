"""The page about the costs of mlinfra itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci import running_costs_docs

if TYPE_CHECKING:
    from pathlib import Path


def test_the_page_has_the_figures_of_the_present_estimate(synthesized: Path) -> None:
    written = running_costs_docs.PAGE.read_text(encoding="utf-8")
    assert written == running_costs_docs.page(synthesized.parent), "run `python -m ci.running_costs_docs`"
