"""Patterns of IAM, in which `*` matches any text and `?` for one character."""

from __future__ import annotations


def is_like(pattern: str, text: str) -> bool:
    """True if `pattern` covers `text`, which may contain wildcards too. Unlike that of a regex, its time is bounded."""
    at = in_text = 0
    star, retry = -1, 0
    while in_text < len(text):
        here = pattern[at : at + 1]
        if here == "*":
            star, retry = at, in_text
            at += 1
        elif here == text[in_text] or (here == "?" and text[in_text] != "*"):
            at += 1
            in_text += 1
        elif star >= 0:
            retry += 1
            at, in_text = star + 1, retry
        else:
            return False
    return not pattern[at:].strip("*")
