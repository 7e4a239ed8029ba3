"""When a cluster expires, and when to warn its owner."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from mlinfra.functions import clock

if TYPE_CHECKING:
    from datetime import datetime

    from mlinfra.functions.records import Memory
    from mlinfra.functions.rules import Rules

WARNINGS: Final = {"hour": timedelta(hours=1), "day": timedelta(hours=24)}
"""How long before its expiry the owner of a cluster is warned; the most urgent first."""


@dataclass(frozen=True)
class Expiry:
    """When something expires."""

    at: datetime | None
    """None: never, as far as can be known."""
    extended: bool = False
    """Whether somebody extended it beyond what its tag says."""
    problem: str | None = None
    """Why it may expire at another time."""

    def has_come(self, now: datetime) -> bool:
        """Whether it is expired."""
        return self.at is not None and self.at <= now

    def warning(self, now: datetime) -> str | None:
        """The warning that is due, by its name in `WARNINGS`; None: none is, or it is too late for one."""
        if self.at is None or self.has_come(now):
            return None
        return next((name for name, before in WARNINGS.items() if self.at - now <= before), None)


def expiry(rules: Rules, memory: Memory) -> Expiry:
    """The later one of what the tag and the extension say. An extension that cannot be read lets nothing expire."""
    if memory.extension is None:
        return Expiry(at=rules.expires)
    try:
        extended = clock.end_of_day(memory.extension)
    except (ValueError, OverflowError):
        return Expiry(at=None, problem=f"it is extended until {memory.extension!r}, which is no day such as 2026-12-18")
    if rules.expires is None:
        return Expiry(at=extended, extended=True)
    return Expiry(at=max(rules.expires, extended), extended=extended > rules.expires)
