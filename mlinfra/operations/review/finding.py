"""What a rule is, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlinfra.operations.review.change import Change


class Level(Enum):
    """What a finding asks of people."""

    NOTE = "note"
    """Worth knowing."""
    WARNING = "warning"
    """Worth a look."""
    HOLD = "hold"
    """Nothing is applied before somebody approves it."""


@dataclass(frozen=True)
class Rule:
    """One thing that is looked for in plans."""

    id: str
    """Stable: approvals name it."""
    level: Level
    title: str
    """What it finds, in one sentence."""
    fix: str
    """What to do about it."""

    def at(self, stack: str, change: Change | str, text: str) -> Finding:
        """The finding of this rule at a change, or at an address.

        Args:
            stack: the stack's name.
            change: the change, or the address.
            text: what was found, with the words of others quoted.
        """
        address = change if isinstance(change, str) else change.address
        if not isinstance(change, str) and change.deposed:
            text = f"{text} This is about the object that an interrupted replacement left behind (deposed)."
        return Finding(self.id, self.level, stack, address, text, self.fix)


@dataclass(frozen=True)
class Finding:
    """One thing that was found."""

    id: str
    """That of its rule, such as MLR101."""
    level: Level
    stack: str
    address: str
    """The resource's address; the stack's name where it is about the whole plan."""
    text: str
    """What was found. The words of others stand between backticks."""
    fix: str
    approved_by: str | None = None
    """Who approved it; None: nobody."""
