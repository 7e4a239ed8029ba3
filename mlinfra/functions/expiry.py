"""Expiry of a cluster, and the warnings before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from mlinfra.functions import clock

if TYPE_CHECKING:
    from datetime import datetime

    from mlinfra.functions.records import Memory
    from mlinfra.functions.rules import Rules

WARNINGS: Final = {"hour": timedelta(hours=1), "day": timedelta(hours=24), "week": timedelta(days=7)}
"""The times before expiry at which the owner is warned; the most urgent first."""


@dataclass(frozen=True)
class Expiry:
    """The expiry of a cluster."""

    at: datetime | None
    """The time of expiry. None: it never expires, or the time is unknown."""
    extended: bool = False
    """True if an extension is later than its tag."""
    problem: str | None = None
    """An invalid extension, which makes the expiry unknown."""

    def is_expired(self, now: datetime) -> bool:
        """True if it has expired."""
        return self.at is not None and self.at <= now

    def warning(self, now: datetime) -> str | None:
        """The name in `WARNINGS` of the warning that is due. None: no warning is due, or it has expired."""
        if self.at is None or self.is_expired(now):
            return None
        return next((name for name, before in WARNINGS.items() if self.at - now <= before), None)

    def grace_hour(self, now: datetime, grace: timedelta) -> int | None:
        """The number of whole hours since the expiry, during the grace period. None: it is not in its grace period.

        Args:
            now: the current time.
            grace: the grace period, after which the cluster is stopped even if it is busy.
        """
        if self.at is None or not self.at <= now < self.at + grace:
            return None
        return int((now - self.at) / timedelta(hours=1))


def expiry(rules: Rules, memory: Memory) -> Expiry:
    """The later of tag and extension. With an invalid extension the cluster does not expire."""
    if memory.extension is None:
        return Expiry(at=rules.expires)
    try:
        extended = clock.end_of_day(memory.extension)
    except (ValueError, OverflowError):
        return Expiry(
            at=None,
            problem=f"its extension is until {memory.extension!r}, which is not a valid date such as 2026-12-18",
        )
    if rules.expires is None:
        return Expiry(at=extended, extended=True)
    return Expiry(at=max(rules.expires, extended), extended=extended > rules.expires)
