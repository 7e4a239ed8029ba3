"""The report of a node, which its guard writes to the table every minute."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from mlinfra.functions.contract import NODE_REPORT_FRESH_SECONDS, Activity, NodeReport as Attribute, epoch_seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

_FRESH = timedelta(seconds=NODE_REPORT_FRESH_SECONDS)
_ACTIVITIES = frozenset({Activity.BUSY, Activity.IDLE, Activity.UNKNOWN})
_LONGEST_EPOCH_SECONDS = 253_402_300_799
"""The end of the year 9999, the latest time that Python can represent."""


@dataclass(frozen=True)
class NodeReport:
    """The last report of one node."""

    reported_at: datetime | None
    """None: missing or invalid."""
    activity: str = Activity.UNKNOWN
    """One of `contract.Activity`. An invalid value is `unknown`."""
    idle_for: timedelta = timedelta(0)
    """The time since its last minute that was not idle."""
    why: str = ""
    """The strongest sign of activity."""
    hung_at: datetime | None = None
    """The time since which its compute processes count as hung although accelerators are in use. None: they do not."""

    vacant_for: timedelta = timedelta(0)
    """The time for which no process or timer that could start work has existed on it."""

    @classmethod
    def of(cls, item: Mapping[str, Any]) -> NodeReport:
        """Parse an item of the table. What is missing or invalid counts as unknown, and never as idle."""
        activity = str(item.get(Attribute.ACTIVITY, ""))
        is_idle = activity == Activity.IDLE
        return cls(
            reported_at=_time(item.get(Attribute.REPORTED_AT)),
            activity=activity if activity in _ACTIVITIES else Activity.UNKNOWN,
            idle_for=_duration(item.get(Attribute.IDLE_SECONDS)),
            why=str(item.get(Attribute.WHY) or ""),
            hung_at=_time(item.get(Attribute.HUNG_AT)) if is_idle else None,
            vacant_for=_duration(item.get(Attribute.VACANT_SECONDS)) if is_idle else timedelta(0),
        )

    def is_fresh(self, now: datetime) -> bool:
        """True if it describes the node at `now`: it is at most 12 minutes old, and not further in the future."""
        return self.reported_at is not None and abs(now - self.reported_at) <= _FRESH


def _duration(value: object) -> timedelta:
    return timedelta(seconds=min(max(epoch_seconds(value) or 0, 0), _LONGEST_EPOCH_SECONDS))


def _time(value: object) -> datetime | None:
    at = epoch_seconds(value)
    is_valid = at is not None and 0 <= at <= _LONGEST_EPOCH_SECONDS
    return datetime.fromtimestamp(at, tz=timezone.utc) if at is not None and is_valid else None
