"""Expiry of a cluster: the tag, extensions, and the warnings before it."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from mlinfra.functions.contract import Tag
from mlinfra.functions.expiry import Expiry, expiry
from mlinfra.functions.records import Memory
from mlinfra.functions.rules import Rules

AT = datetime(2026, 12, 19, tzinfo=timezone.utc)
TAGGED = Rules.of({Tag.EXPIRES: "2026-12-18"})


def extended(until: str | None) -> Memory:
    return Memory(extension=until)


def test_the_last_day_is_included() -> None:
    assert expiry(TAGGED, extended(None)) == Expiry(at=AT)
    assert not expiry(TAGGED, extended(None)).is_expired(AT - timedelta(seconds=1))
    assert expiry(TAGGED, extended(None)).is_expired(AT)


def test_a_later_extension_replaces_the_tag() -> None:
    assert expiry(TAGGED, extended("2026-12-20")) == Expiry(at=AT + timedelta(days=2), extended=True)


def test_an_earlier_extension_shortens_nothing() -> None:
    assert expiry(TAGGED, extended("2026-12-01")) == Expiry(at=AT)


def test_an_extension_is_enough_without_a_valid_tag() -> None:
    assert expiry(Rules.of({}), extended("2026-12-18")) == Expiry(at=AT, extended=True)


@pytest.mark.parametrize("text", ["2026-13-01", "soon", "9999-12-31"])
def test_an_invalid_extension_makes_the_expiry_unknown(text: str) -> None:
    found = expiry(TAGGED, extended(text))
    assert found.at is None
    assert found.problem == f"its extension is until {text!r}, which is not a valid date such as 2026-12-18"


@pytest.mark.parametrize(
    ("before", "warning"),
    [
        (timedelta(days=7, seconds=1), None),
        (timedelta(days=7), "week"),
        (timedelta(hours=25), "week"),
        (timedelta(hours=24), "day"),
        (timedelta(hours=1), "hour"),
        (timedelta(seconds=1), "hour"),
        (timedelta(0), None),
    ],
)
def test_the_most_urgent_warning_is_due(before: timedelta, warning: str | None) -> None:
    assert Expiry(AT).warning(AT - before) == warning


def test_an_unknown_expiry_never_expires_and_warns_of_nothing() -> None:
    unknown = Expiry(None)
    assert not unknown.is_expired(AT)
    assert unknown.warning(AT) is None


@pytest.mark.parametrize(
    ("after", "hour"),
    [
        (timedelta(seconds=-1), None),
        (timedelta(0), 0),
        (timedelta(minutes=59), 0),
        (timedelta(hours=1), 1),
        (timedelta(hours=2), None),
    ],
)
def test_the_hours_of_the_grace_period_are_counted_from_the_expiry(after: timedelta, hour: int | None) -> None:
    assert Expiry(AT).grace_hour(AT + after, timedelta(hours=2)) == hour
    assert Expiry(None).grace_hour(AT + after, timedelta(hours=2)) is None
