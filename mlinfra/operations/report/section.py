"""Sections of the report: data, or the reason why there is none and the command that produces it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Section:
    """A section of the report."""

    data: dict[str, Any] | None = None
    """JSON values. None: there are none."""
    reason: str = ""
    """The reason why there is no data, in one or more sentences."""
    command: str = ""
    """The command that produces the data. Empty: there is none."""
    remarks: Sequence[str] = field(default=())
    """Limitations of the data, each in one sentence."""

    def as_json(self) -> dict[str, Any]:
        """The section as JSON values."""
        return {
            "available": self.data is not None,
            "reason": self.reason,
            "command": self.command,
            "remarks": list(self.remarks),
            "data": self.data,
        }
