"""Patterns for addresses and attributes, with literal brackets and dots."""

from __future__ import annotations

import functools
import re


def matches(pattern: str, text: str) -> bool:
    """True if all of `text` matches `pattern`: `*` is any text, and `?` any one character."""
    return _compiled(pattern).fullmatch(text) is not None


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # Not fnmatch, which reads the brackets in aws_subnet.private["us-east-1a"] as a set of characters.
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)
