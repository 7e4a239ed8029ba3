"""Which ages of objects make sense."""

from __future__ import annotations

from typing import Any

import pytest

from mlinfra import Lifecycle


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ({"infrequent_access_after_days": 29}, "infrequent_access_after_days=29 is too soon"),
        (
            {"infrequent_access_after_days": 90, "archive_after_days": 90},
            "archive_after_days=90 is not after infrequent_access_after_days=90",
        ),
        ({"archive_after_days": 365, "expire_after_days": 365}, "expire_after_days=365 is not after the last move"),
        ({"expire_old_versions_after_days": 0}, "expire_old_versions_after_days=0 is no age"),
        ({"abort_uploads_after_days": -1}, "abort_uploads_after_days=-1 is no age"),
    ],
)
def test_days_that_s3_would_refuse_are_refused(days: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Lifecycle(**days)
