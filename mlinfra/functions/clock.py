"""The current time, and its text form in tags, items and events. All times are UTC."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

_WRITTEN = "%Y-%m-%dT%H:%M:%SZ"


def now() -> datetime:
    """The current time. The only place where functions read the clock."""
    return datetime.now(timezone.utc)


def written(moment: datetime) -> str:
    """`moment` in UTC with a precision of seconds, such as 2026-12-18T14:00:00Z."""
    return moment.astimezone(timezone.utc).strftime(_WRITTEN)


def read(text: str) -> datetime:
    """Parse the text form that `written` produces.

    Raises:
        ValueError: if `text` does not have that form.
    """
    return datetime.strptime(text, _WRITTEN).replace(tzinfo=timezone.utc)


def end_of_day(text: str) -> datetime:
    """The first moment after the day `text`, such as 2026-12-18.

    Raises:
        ValueError: if `text` is not a valid ISO date.
    """
    day = date.fromisoformat(text)
    return datetime(day.year, day.month, day.day, tzinfo=timezone.utc) + timedelta(days=1)
