"""Valid and invalid ages of objects."""

from __future__ import annotations

from typing import Any

import pytest

from mlinfra import Lifecycle


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ({"infrequent_access_after_days": 29}, "infrequent_access_after_days must be at least 30, got 29"),
        (
            {"infrequent_access_after_days": 90, "archive_after_days": 119},
            (
                "archive_after_days=119 is less than 30 days after infrequent_access_after_days=90, .*Expected: 120 or "
                "more"
            ),
        ),
        (
            {"archive_after_days": 365, "expire_after_days": 365},
            "expire_after_days=365 is not after the last transition",
        ),
        ({"expire_old_versions_after_days": 0}, "expire_old_versions_after_days must be at least 1, got 0"),
        ({"abort_uploads_after_days": -1}, "abort_uploads_after_days must be at least 1, got -1"),
    ],
)
def test_days_that_s3_would_refuse_are_refused(days: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Lifecycle(**days)


def test_objects_may_be_archived_after_30_days_of_infrequent_access() -> None:
    assert Lifecycle(infrequent_access_after_days=90, archive_after_days=120).archive_after_days == 120


def test_intelligent_tiering_may_begin_at_once() -> None:
    assert Lifecycle(intelligent_tiering_after_days=0).intelligent_tiering_after_days == 0


@pytest.mark.parametrize("move", ["infrequent_access_after_days", "archive_after_days"])
def test_intelligent_tiering_and_another_move_of_the_same_objects_are_refused(move: str) -> None:
    moves = {"intelligent_tiering_after_days": 0, move: 90}
    with pytest.raises(
        ValueError, match=r"intelligent_tiering_after_days=0 cannot be combined .*Expected: only this field, or"
    ):
        Lifecycle(**moves)


def test_expiring_before_the_move_to_intelligent_tiering_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expire_after_days=10 is not after the last transition, at 30 days"):
        Lifecycle(intelligent_tiering_after_days=30, expire_after_days=10)
