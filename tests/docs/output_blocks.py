"""Output on the pages: its words are those that the program writes.

An example has names and figures of its own. Its words are compared in pairs: two words next to each other on a page are
next to each other in a text of the source, or in an output that another test has recorded.
"""

from __future__ import annotations

import ast
import functools
import re
from typing import TYPE_CHECKING

from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.docs.pages import Block

_WORD = re.compile(r"(?!mlinfra$)[A-Za-z][a-z]+(?:'[a-z]+)?|a|[A-Z]+")
"""A word, and no name such as `RunInstances`, zone such as `b`, or command."""
_VALUE = "\x00"
"""Replaces a value in an f-string, so that words on both sides of it are no pair."""


def unknown_pairs(output: str) -> list[str]:
    """Pairs of words that no text of the program has, in the order of the output.

    Args:
        output: the output as a page shows it.
    """
    known = _known_pairs()
    return [f"{one} {other}" for one, other in _pairs(output) if (one, other) not in known]


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Words that follow each other with one space between them, and without punctuation."""
    for part in re.split(r"\s{2,}|\n", text):
        earlier: str | None = None
        for token in part.strip().split(" "):
            word = token.rstrip(".,:;?")
            is_word = _WORD.fullmatch(word) is not None
            if earlier and is_word:
                yield earlier, word
            earlier = word if is_word and word == token else None


@functools.cache
def _known_pairs() -> frozenset[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    for path in (*ROOT.glob("mlinfra/**/*.py"), *ROOT.glob("examples/**/*.py")):
        for text in _texts(ast.parse(path.read_text(encoding="utf-8"))):
            found.update(_pairs(text))
    for folder in ("tests/unit/cli/__snapshots__", "mlinfra/catalog"):
        for path in (ROOT / folder).glob("*.*"):
            if path.suffix in {".ambr", ".csv"}:
                found.update(_pairs(path.read_text(encoding="utf-8")))
    for path in ROOT.glob("environments/*.py"):
        found.update(_pairs(path.read_text(encoding="utf-8")))
    return frozenset(found)


def _texts(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(each.value) if isinstance(each, ast.Constant) else _VALUE for each in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def is_query(block: Block) -> bool:
    """True if the block is a query of CloudWatch Logs Insights."""
    return block.text.startswith("fields ")


def unknown_fields(query: str) -> list[str]:
    """Fields and values of a query that no function of this package writes to its log."""
    source = "".join(each.read_text(encoding="utf-8") for each in ROOT.glob("mlinfra/functions/*.py"))
    fields = re.findall(r"[a-z_]+", query.splitlines()[0].partition("fields ")[2].replace("@timestamp", ""))
    return [
        each for each in (*fields, *re.findall(r'"(.*?)"', query)) if not re.search(rf"\b{re.escape(each)}\b", source)
    ]
