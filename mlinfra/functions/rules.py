"""The shutdown rules in the tags of a cluster: expiry, spend limit, idleness."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mlinfra.functions import clock
from mlinfra.functions.contract import Tag

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_IDLE_MINUTES = "30"
_IDLE_GPU_PERCENT = "5"
_LONGEST_IDLE_MINUTES = 14 * 24 * 60
"""CloudWatch keeps values by the minute for 15 days (CloudWatch user guide, "Metrics retention", read 2026-11-24)."""


@dataclass(frozen=True)
class Rules:
    """The shutdown rules of one cluster. A value is None if its tag is missing or invalid."""

    expires: datetime | None
    """The first moment after its last day."""
    spend_limit_usd: float | None
    stop_when_idle: bool
    """True if it is stopped when idle. Default: True."""
    idle_for: timedelta | None
    """The time for which all GPUs must have been idle. Default: 30 minutes."""
    idle_percent: float | None
    """The utilization in percent below which a GPU is idle. Default: 5."""
    problems: tuple[str, ...] = ()
    """The invalid and missing tags."""

    @classmethod
    def of(cls, tags: Mapping[str, str]) -> Rules:
        """Parse the rules. An invalid tag does not affect the others."""
        problems: list[str] = []
        expires = None
        if Tag.EXPIRES in tags:
            try:
                expires = clock.end_of_day(tags[Tag.EXPIRES])
            except (ValueError, OverflowError):
                problems.append(
                    f"its tag {Tag.EXPIRES} is {tags[Tag.EXPIRES]!r}, which is not a valid date such as 2026-12-18"
                )
        else:
            problems.append(f"it has no tag {Tag.EXPIRES}")
        limit = None
        if Tag.SPEND_LIMIT_USD in tags:
            limit = _number(Tag.SPEND_LIMIT_USD, tags[Tag.SPEND_LIMIT_USD], math.inf, problems)
        minutes = _number(Tag.IDLE_MINUTES, tags.get(Tag.IDLE_MINUTES, _IDLE_MINUTES), _LONGEST_IDLE_MINUTES, problems)
        return cls(
            expires=expires,
            spend_limit_usd=limit,
            stop_when_idle=tags.get(Tag.STOP_WHEN_IDLE, "true").strip().lower() != "false",
            idle_for=timedelta(minutes=math.ceil(minutes)) if minutes else None,
            idle_percent=_number(
                Tag.IDLE_GPU_PERCENT, tags.get(Tag.IDLE_GPU_PERCENT, _IDLE_GPU_PERCENT), 100, problems
            ),
            problems=tuple(problems),
        )


def _number(tag: str, text: str, most: float, problems: list[str]) -> float | None:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if math.isfinite(number) and 0 < number <= most:
        return number
    problems.append(
        f"its tag {tag} is {text!r}, which is not a number above 0{'' if most == math.inf else f' up to {most}'}"
    )
    return None
