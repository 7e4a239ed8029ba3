"""Pages of the documentation, and their blocks of code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tests.conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

_BLOCK = re.compile(r"^(?P<indent> *)```(?P<language>[^\n]*)\n(?P<text>.*?)^ *```$", re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    """A fenced block of a page."""

    page: str
    """The path of the page in the repository."""
    line: int
    """The line of its first fence."""
    language: str
    text: str

    @property
    def place(self) -> str:
        """The page and the line, as editors open them."""
        return f"{self.page}:{self.line}"


def _pages() -> list[Path]:
    paths = [*ROOT.glob("*.md")]
    for folder in ("docs", "examples", "benchmarks"):
        paths += ROOT.glob(f"{folder}/**/*.md")
    generated, recorded = ROOT / "docs" / "reference", ROOT / "docs" / "adr"
    return sorted(
        each
        for each in paths
        if each.name != "CHANGELOG.md" and not each.is_relative_to(generated) and not each.is_relative_to(recorded)
    )


PAGES = _pages()
"""All pages, except those written from the code, and the changelog and decisions, which record what was true once."""


def blocks_of(text: str, page: str) -> list[Block]:
    """The blocks of the text of a page, without the indentation of lists."""
    found = []
    for each in _BLOCK.finditer(text):
        indent = each["indent"]
        lines = [line.removeprefix(indent) for line in each["text"].splitlines(keepends=True)]
        line = text.count("\n", 0, each.start()) + 1
        found.append(Block(page, line, each["language"].strip(), "".join(lines)))
    return found


def _all_blocks() -> list[Block]:
    return [
        block
        for path in PAGES
        for block in blocks_of(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix())
        if block.language != "{toctree}"
    ]


BLOCKS = _all_blocks()
"""All blocks of all pages, in the order of the pages."""


def of_language(*languages: str) -> list[Block]:
    """The blocks in some languages."""
    return [each for each in BLOCKS if each.language in languages]
