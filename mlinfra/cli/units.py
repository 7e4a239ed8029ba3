"""Amounts, durations and times as short text."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

UNKNOWN: Final = "unknown"
NOTHING: Final = "-"


def short_usd(usd: float | None) -> str:
    """An amount in USD, such as 12.40. None is `unknown`."""
    return UNKNOWN if usd is None else f"{usd:.2f}"


def short_duration(duration: timedelta | None) -> str:
    """A duration in its two largest units, such as `3d 4h`, `1h 05m` or `12s`. None is `-`."""
    if duration is None:
        return NOTHING
    seconds = max(0, int(duration / timedelta(seconds=1)))
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d {hours}h"
    if hours:
        return f"{hours}h {minutes:02}m"
    return f"{minutes}m {seconds:02}s" if minutes else f"{seconds}s"


def short_time(moment: datetime | None) -> str:
    """A time in UTC to the minute, such as 2026-11-30 10:15. None is `-`."""
    return NOTHING if moment is None else f"{moment:%Y-%m-%d %H:%M}"


def principal_name(arn: str | None) -> str:
    """The part of the ARN of a principal that names it: the session of a role, or the name of a user."""
    return UNKNOWN if not arn else arn.rpartition("/")[2] or arn.rpartition(":")[2]
