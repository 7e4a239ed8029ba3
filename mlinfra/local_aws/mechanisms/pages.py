"""Pages of a list, with a token for the next page."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


def page(items: Sequence[T], *, token: str | None, size: int) -> tuple[list[T], str | None]:
    """The items of one page, and the token of the next page, or None for the last page.

    Args:
        items: all items, in the order of the list.
        token: the token of this page; None for the first page.
        size: the maximum number of items on a page.

    Raises:
        ValueError: the token is invalid.
    """
    start = _start(token) if token else 0
    end = start + size
    following = base64.b64encode(str(end).encode()).decode() if end < len(items) else None
    return list(items[start:end]), following


def _start(token: str) -> int:
    try:
        return int(base64.b64decode(token, validate=True))
    except binascii.Error:
        message = f"{token} is not a valid page token"
        raise ValueError(message) from None
