"""Answers in pages, with a token for the next one."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


def page(items: Sequence[T], *, token: str | None, size: int) -> tuple[list[T], str | None]:
    """The items of one page, and the token of the next one, or None for the last page.

    Args:
        items: all of them, in the order in which they are listed.
        token: what was given for this page; None for the first.
        size: how many fit on a page.

    Raises:
        ValueError: where the token is none of ours.
    """
    start = _start(token) if token else 0
    end = start + size
    following = base64.b64encode(str(end).encode()).decode() if end < len(items) else None
    return list(items[start:end]), following


def _start(token: str) -> int:
    try:
        return int(base64.b64decode(token, validate=True))
    except binascii.Error:
        message = f"{token} is not the token of a page"
        raise ValueError(message) from None
