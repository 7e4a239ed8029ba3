"""Screenshots of the documentation show the present page, and what their captions say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.browser import screenshots
from tests.browser.elements import answer
from tests.browser.sample import report
from tests.conftest import ROOT

if TYPE_CHECKING:
    from tests.browser.conftest import Opened

pytestmark = [pytest.mark.lengthy, pytest.mark.xdist_group("browser")]


def test_the_screenshot_of_the_report_shows_the_present_texts(opened: Opened) -> None:
    with opened(report(), size=screenshots.SIZE) as page:
        shown = screenshots.texts(page)
    picture = screenshots.REPORT.read_bytes()
    assert screenshots.description(picture) == shown, "run `python -m tests.browser.screenshots`"
    assert screenshots.size(picture) == (screenshots.SIZE["width"], screenshots.SIZE["height"])


def test_the_page_has_what_the_caption_says(opened: Opened) -> None:
    with opened(report(), size=screenshots.SIZE) as page:
        for name, title in screenshots.CAPTION.items():
            box = answer(page, title).bounding_box()
            assert box is not None, name
            assert box["y"] + 100 < screenshots.SIZE["height"], f"{name} is not in the picture"


@pytest.mark.parametrize("page", ["README.md", "docs/report.md"])
def test_captions_name_the_answers_in_their_order(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    (caption,) = re.findall(r"!\[First screen[^:\]]*: ([^\]]+)\]\([\w/]*report\.png\)", text)
    assert caption == ", ".join(screenshots.CAPTION)


def test_a_description_is_read_back_from_the_file() -> None:
    other = screenshots.REPORT.read_bytes().replace(b"Description", b"Explanation")
    assert screenshots.description(screenshots.with_description(other, "Soon\n3 \u2013 4")) == "Soon\n3 \u2013 4"
    with pytest.raises(ValueError, match="no description"):
        screenshots.description(other)
