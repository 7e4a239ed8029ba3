"""Escapes untrusted text for reports.

Names of resources, actions of policies and tags may contain any characters. `quoted` puts them between
backticks for the text of a finding: on one line, without further backticks and without control characters of terminals.
"""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_MOST = 300
"""Maximum number of characters of a value in a report."""


def abbreviated(shown: str, whole: str) -> str:
    """Mark a shortened text with a digest of the whole, so that an approval of it covers no other text."""
    return f"{shown} (SHA-256 {sha256(whole.encode()).hexdigest()[:10]})"


def visible(text: str) -> str:
    """Replace characters that are not printable, line breaks included, by escape sequences."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def quoted(value: object) -> str:
    """Quote an untrusted value for the text of a finding. A long one is shortened, with a digest of the whole."""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str, ensure_ascii=False)
    if len(text) > _MOST:
        text = abbreviated(f"{text[:_MOST]}…", text)
    if "`" in text or not text.isprintable():
        text = visible(text).replace("`", "'")
    return f"`{text}`"


def listed(values: Iterable[object], *, most: int = 8) -> str:
    """Quote untrusted values, separated by commas. Of more than `most`, show the first, and the number of others."""
    each = [quoted(value) for value in values]
    more = f" and {abbreviated(f'{len(each) - most} more', ', '.join(each))}" if len(each) > most else ""
    return ", ".join(each[:most]) + more


def first_of(sentences: Sequence[str], most: int, noun: str = "") -> str:
    """The first `most` sentences, separated by semicolons, and the number of others."""
    shown = "; ".join(sentences[:most])
    remaining = len(sentences) - most
    if remaining <= 0:
        return shown
    return f"{shown}; and {abbreviated(' '.join(filter(None, (f'{remaining} more', noun))), '; '.join(sentences))}"


def parts(text: str) -> Iterator[tuple[str, bool]]:
    """Split the text of a finding into pieces, each with True if it is quoted."""
    for number, piece in enumerate(text.split("`")):
        if piece:
            yield piece, bool(number % 2)


def plain(text: str) -> str:
    """The text of a finding without backticks."""
    return text.replace("`", "")


_MARKUP = re.compile(r"[\\*_\[\]#~|<>&@$`]")
"""Characters with a meaning inside a line of the Markdown of GitHub or GitLab."""
_ANY_MARKUP = re.compile(r"[^\w \-/]|_")


def prose_in_markdown(text: str) -> str:
    """The text of a finding as Markdown: quoted values as code, everything else as escaped text."""
    return "".join(
        code_in_markdown(piece) if is_quoted else _entities(visible(piece), _MARKUP) for piece, is_quoted in parts(text)
    )


def code_in_markdown(text: str) -> str:
    """Any text as inline code that is safe inside and outside of tables."""
    shown = visible(text) or " "
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") or shown != shown.strip() else ""
    if "|" in shown:
        # A pipe ends the cell of a table even inside code, and outside of tables its escape would be visible.
        return f"<code>{_entities(shown, _ANY_MARKUP)}</code>"
    return f"{fence}{pad}{shown}{pad}{fence}"


def html_text(text: str) -> str:
    """Any text as the content of an HTML element of a Markdown page."""
    return _entities(visible(text), _ANY_MARKUP)


def _entities(text: str, markup: re.Pattern[str]) -> str:
    return markup.sub(lambda found: f"&#{ord(found.group())};", text)


def short(value: Any) -> str | None:  # noqa: ANN401  a value of any resource
    """The value as text if it is short enough to be shown completely; otherwise None."""
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, (str, int, float)) and len(str(value)) <= 80:  # noqa: PLR2004
        return str(value)
    return None
