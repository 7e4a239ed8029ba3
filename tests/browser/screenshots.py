"""Screenshots for the documentation: `python -m tests.browser.screenshots`.

Each contains the texts that its page showed, so that a test finds a screenshot of an earlier page. Pixels are not
compared: they depend on the fonts and the browser of a machine.
"""

from __future__ import annotations

import struct
import tempfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from ci import browser
from mlinfra.operations.report import page as report_page
from tests.browser.conftest import FLAGS
from tests.browser.elements import answer
from tests.browser.sample import report
from tests.conftest import ROOT

if TYPE_CHECKING:
    from playwright.sync_api import Page

REPORT = ROOT / "docs" / "images" / "report.png"
SIZE = {"width": 1280, "height": 760}
CAPTION = {
    "spend of a month": "What do we spend a month?",
    "resources without an owner": "What runs without an owner?",
    "what ends soon": "What ends soon?",
    "what needs attention": "What needs attention?",
}
"""Parts of the picture's caption, each with the title of the answer that it names."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEYWORD = b"Description\0\0\0\0\0"
"""Keyword, no compression, no language, no translated keyword: the head of an iTXt chunk.
Source: Portable Network Graphics specification, section 11.3.3.4, read 2026-11-30."""


def texts(page: Page) -> str:
    """The texts of all answers of the first screen."""
    return "\n\n".join(answer(page, title).inner_text() for title in CAPTION.values())


def with_description(png: bytes, text: str) -> bytes:
    """A PNG file with a description, before its end."""
    content = b"iTXt" + _KEYWORD + text.encode()
    chunk = struct.pack(">I", len(content) - 4) + content + struct.pack(">I", zlib.crc32(content))
    end = png.rindex(b"IEND") - 4
    return png[:end] + chunk + png[end:]


def description(png: bytes) -> str:
    """The description of a PNG file.

    Raises:
        ValueError: the file is not PNG, or has no description.
    """
    at = len(_SIGNATURE)
    while png.startswith(_SIGNATURE) and at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        content = png[at + 4 : at + 8 + length]
        if content.startswith(b"iTXt" + _KEYWORD):
            return content[4 + len(_KEYWORD) :].decode()
        at += length + 12
    message = "the PNG file has no description"
    raise ValueError(message)


def size(png: bytes) -> tuple[int, int]:
    """Width and height of a PNG file, in pixels."""
    width, height = struct.unpack_from(">II", png, len(_SIGNATURE) + 8)
    return width, height


def main() -> None:
    """Write the screenshot of the report."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder, "report.html")
        path.write_text(report_page(report()), encoding="utf-8")
        chromium = playwright.chromium.launch(executable_path=browser.find(), args=[*FLAGS])
        page = chromium.new_page(viewport=SIZE, reduced_motion="reduce", color_scheme="light")
        page.goto(path.as_uri())
        answer(page, CAPTION["what needs attention"]).wait_for()
        REPORT.write_bytes(with_description(page.screenshot(), texts(page)))
        chromium.close()


if __name__ == "__main__":
    main()
