"""Levels of checks, of rules of the review, and of their findings."""

from __future__ import annotations

from enum import Enum


class Level(Enum):
    """The severity of a finding, at synth and in a review."""

    NOTE = "note"
    """Information."""
    WARNING = "warning"
    """Should be checked before the stack is applied."""
    HOLD = "hold"
    """Fails the synth unless it is acknowledged. A review holds the plan until a reviewer approves it."""
