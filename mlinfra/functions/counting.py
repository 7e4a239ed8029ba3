"""Numbers with nouns."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """A number with a noun, such as `1 node` or `2,000 nodes`.

    Args:
        number: the number.
        noun: the noun in the singular, which has a plural with `s`.
    """
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
