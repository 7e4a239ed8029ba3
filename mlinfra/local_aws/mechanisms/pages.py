"""Pages of a list, with a token for the next page."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, TypeVar

from mlinfra.local_aws.mechanisms.api_model import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    start = _start(token, len(items)) if token else 0
    end = start + size
    following = base64.b64encode(str(end).encode()).decode() if end < len(items) else None
    return list(items[start:end]), following


def requested_page(
    request: Mapping[str, Any],
    items: Sequence[T],
    *,
    default_size: int,
    token: str = "NextToken",  # noqa: S107  the name of a member, not a secret
    size: str = "MaxResults",
    code: str = "InvalidNextTokenException",
) -> tuple[list[T], str | None]:
    """The page that a list request asks for, and the token of the next page, or None for the last page.

    Args:
        request: the list request.
        items: all items, in the order of the list.
        default_size: the size of a page if the request names none.
        token: the member of the request with the token. Default: `NextToken`.
        size: the member of the request with the size of the page. Default: `MaxResults`.
        code: the code of the error for an invalid token. Default: `InvalidNextTokenException`.

    Raises:
        ApiError: the token is invalid; with the code `code`.
    """
    try:
        return page(items, token=request.get(token), size=request.get(size) or default_size)
    except ValueError as error:
        raise ApiError(code=code, message=str(error)) from None


def _start(token: str, count: int) -> int:
    try:
        start = int(base64.b64decode(token, validate=True))
    except ValueError:
        start = -1
    if not 0 <= start <= count:
        message = f"{token} is not a valid page token"
        raise ValueError(message)
    return start
