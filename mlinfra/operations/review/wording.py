"""Strangers' words in a report: quoted, on one line, and never able to be anything but text.

A resource's name, a policy's action or a tag may hold anything. In a finding's text they stand between backticks;
`quoted` makes sure that what stands there holds no backtick and nothing that a terminal acts on.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MOST = 300
"""How many characters of one value are shown."""


def visible(text: str) -> str:
    """`text` on one line, with every character that cannot be seen written as an escape."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def quoted(value: object) -> str:
    """A value that somebody else chose, as it stands in a finding's text."""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str, ensure_ascii=False)
    if len(text) > _MOST:
        text = f"{text[:_MOST]}…"
    return f"`{visible(text).replace('`', chr(39))}`"


def listed(values: Iterable[object], *, most: int = 8) -> str:
    """Values that somebody else chose, with commas; of many, the first and how many more."""
    each = [quoted(value) for value in values]
    more = f" and {len(each) - most} more" if len(each) > most else ""
    return ", ".join(each[:most]) + more


def counted(number: int, thing: str) -> str:
    """A number of things, such as `1 change` or `2 changes`."""
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


def parts(text: str) -> Iterator[tuple[str, bool]]:
    """The pieces of a finding's text, each with whether it was quoted."""
    for number, piece in enumerate(text.split("`")):
        if piece:
            yield piece, bool(number % 2)


def plain(text: str) -> str:
    """A finding's text without the marks around what it quotes."""
    return text.replace("`", "")


_MARKUP = re.compile(r"[\\*_\[\]#~|<>&@$`]")
"""What means something in the middle of a line of GitHub's or GitLab's Markdown."""
_ANY_MARKUP = re.compile(r"[^\w \-/]|_")


def prose_in_markdown(text: str) -> str:
    """A finding's text as Markdown: what it quotes as code, everything else as plain words."""
    return "".join(
        code_in_markdown(piece) if is_quoted else _entities(visible(piece), _MARKUP) for piece, is_quoted in parts(text)
    )


def code_in_markdown(text: str) -> str:
    """Any text as inline code that ends where it should, in a table or outside of one."""
    shown = visible(text) or " "
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") or shown != shown.strip() else ""
    if "|" in shown:
        # A pipe ends a table's cell even inside code, and escaping it shows in code outside of tables.
        return f"<code>{_entities(shown, _ANY_MARKUP)}</code>"
    return f"{fence}{pad}{shown}{pad}{fence}"


def html_text(text: str) -> str:
    """Any text inside an HTML element of a Markdown page."""
    return _entities(visible(text), _ANY_MARKUP)


def _entities(text: str, markup: re.Pattern[str]) -> str:
    return markup.sub(lambda found: f"&#{ord(found.group())};", text)


def short(value: Any) -> str | None:  # noqa: ANN401  a value of any resource
    """A value that is short enough to be shown whole; None: it is not."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, (str, int, float)) and len(str(value)) <= 80:  # noqa: PLR2004
        return str(value)
    return None
