"""Errors of the code of checks, for messages."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Final

FILE: Final = "mlinfra_checks.py"
"""The file of a project's own checks, in its root folder."""
_LONGEST: Final = 300
"""The longest text of an error of Python in a message, in characters."""


def failure_of(error: BaseException) -> str:
    """The error of a check, with the line of the file of checks; outside of it, with the innermost line."""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg} ({FILE}, line {error.lineno})"
    frames = traceback.extract_tb(error.__traceback__)
    own = [each for each in frames if Path(each.filename).name == FILE]
    frame = next(reversed(own or frames), None)
    place = f" ({Path(frame.filename).name}, line {frame.lineno})" if frame else ""
    return f"{type(error).__name__}: {shortened(str(error))}{place}"


def shortened(text: str) -> str:
    """A text for a message, of at most 300 characters."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
