"""Settings of a node, which its boot script writes."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def read_settings(file: Path) -> dict[str, str]:
    """The variables in a file of assignments that a shell wrote.

    Args:
        file: the file.
    """
    words = shlex.split(file.read_text(encoding="utf-8"))
    return dict(word.split("=", 1) for word in words if "=" in word)
