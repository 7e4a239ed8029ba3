"""The time, and how it is written in tags, items and events. Everything is UTC."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone

_WRITTEN = "%Y-%m-%dT%H:%M:%SZ"


def now() -> datetime:
    """The present moment. Functions ask here and nowhere else."""
    return datetime.now(timezone.utc)


def written(moment: datetime) -> str:
    """`moment` to the second, as 2026-12-18T14:00:00Z."""
    return moment.astimezone(timezone.utc).strftime(_WRITTEN)


def read(text: str) -> datetime:
    """The moment that `written` wrote.

    Raises:
        ValueError: where `text` is not of that form.
    """
    return datetime.strptime(text, _WRITTEN).replace(tzinfo=timezone.utc)


def end_of_day(text: str) -> datetime:
    """The first moment after the day `text`, as 2026-12-18.

    Raises:
        ValueError: where `text` is no such day.
    """
    day = date.fromisoformat(text)
    return datetime(day.year, day.month, day.day, tzinfo=timezone.utc) + timedelta(days=1)
