"""The file `llms.txt`, which tells language models what the pages of the site contain: https://llmstxt.org."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENTRY = re.compile(r"^- \[([^\]]+)\]\(([\w/-]+)\.md\): (.*)$", re.MULTILINE)


def llms_text(index: str, commands: Mapping[str, str]) -> str:
    """The text of the file.

    Args:
        index: the text of docs/index.md, whose lists name and describe the pages.
        commands: the pages of commands, by name.
    """
    summary = " ".join(index.split("\n\n")[1].split())
    parts = [f"# mlinfra\n\n> {summary}\n"]
    for heading, entries in re.findall(r"^\*\*([^*\n]+)\*\*\n\n((?:- .*\n|  .*\n)+)", index, re.MULTILINE):
        parts.append(f"\n## {heading}\n\n")
        parts += [f"- [{title}]({page}.html): {text}\n" for title, page, text in _ENTRY.findall(entries)]
    parts.append("\n## Commands\n\n")
    for name, page in commands.items():
        if name != "index":
            purpose = " ".join(page.split("\n\n")[1].split())
            parts.append(f"- [mlinfra {name}](reference/commands/{name}.html): {purpose}\n")
    return "".join(parts)
