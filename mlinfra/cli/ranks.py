"""The option `--rank` of `mlinfra run` and `mlinfra runs logs`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import typer

if TYPE_CHECKING:
    from collections.abc import Collection

RANK_HELP: Final = "The ranks whose output is shown: a number, several separated by commas, or all."


def valid_ranks(text: str) -> str:
    """The value of the option.

    Raises:
        BadParameter: if it is neither numbers from 0 to 9999 nor `all`.
    """
    if text != "all" and not re.fullmatch(r"\d{1,4}(,\d{1,4})*", text):
        message = f"{text!r} is not a rank. Expected: a number from 0, several separated by commas, or all."
        raise typer.BadParameter(message)
    return text


def chosen_ranks(text: str) -> Collection[int] | None:
    """The ranks in a valid value; None: all."""
    return None if text == "all" else tuple(sorted({int(each) for each in text.split(",")}))
