"""Freshness of heartbeats."""

from __future__ import annotations

import pytest

from mlinfra.functions.contract import HEARTBEAT_FRESH_SECONDS, is_heartbeat_fresh

NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("heartbeat_at", "fresh"),
    [
        (NOW - HEARTBEAT_FRESH_SECONDS, True),
        (NOW - HEARTBEAT_FRESH_SECONDS - 1, False),
        (NOW + 3 * 24 * 60 * 60, True),
        (None, True),
        ("yesterday", True),
        (float("inf"), True),
        (float("nan"), True),
    ],
)
def test_a_heartbeat_is_fresh_for_fifteen_minutes_and_if_its_time_is_unknown(
    heartbeat_at: object,
    fresh: bool,  # noqa: FBT001
) -> None:
    assert is_heartbeat_fresh(heartbeat_at, NOW) == fresh
