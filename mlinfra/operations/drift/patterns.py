"""Patterns for addresses and attributes, in which brackets and dots are what they are."""

from __future__ import annotations

import functools
import re


def matches(pattern: str, text: str) -> bool:
    """Whether all of `text` is as `pattern`, in which `*` is any text, and `?` any one character."""
    return _compiled(pattern).fullmatch(text) is not None


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # Not fnmatch: it takes the brackets in aws_subnet.private["us-east-1a"] for a set of characters.
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)
