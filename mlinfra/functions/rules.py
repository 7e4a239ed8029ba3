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

_IDLE_MINUTES = "20"
_IDLE_GPU_PERCENT = "5"
_STALLED_MINUTES = "60"
_SILENCE_MINUTES = "30"
_EXPIRY_GRACE_HOURS = "24"
_PAUSE_MINUTES = "10"
_WAIT_FOR_NODES_MINUTES = "120"
_LONGEST_TIME = 366 * 24 * 60
"""The largest valid number of minutes or hours in the other tags."""
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
    """The time for which all nodes must have been idle. Default: 20 minutes."""
    idle_percent: float | None
    """The utilization in percent below which a GPU is idle. Default: 5."""
    vacant_for: timedelta | None
    """The time for which all nodes must have been vacant. None: vacancy has no effect."""
    stalled_for: timedelta
    """The time after which compute processes without progress count as idle. Default: 60 minutes."""
    silence: timedelta
    """The time after which the silence of one source of evidence leaves the decision to the other. Default: 30
    minutes."""
    expiry_grace: timedelta
    """The time after the expiry at which it is stopped even if it is busy. Default: 24 hours."""
    pause: timedelta
    """The time between the end of a job and the stop. Default: 10 minutes."""
    wait_for_nodes: timedelta
    """The longest time for which it waits for missing nodes. Default: 120 minutes."""
    nodes: int | None
    """The declared number of nodes. None: unknown."""
    gang: bool
    """False if idle nodes are terminated one by one. Default: True."""
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
            vacant_for=_minutes(tags, Tag.VACANT_MINUTES, "0", problems) or None
            if Tag.VACANT_MINUTES in tags
            else None,
            stalled_for=_minutes(tags, Tag.STALLED_MINUTES, _STALLED_MINUTES, problems),
            silence=_minutes(tags, Tag.SILENCE_MINUTES, _SILENCE_MINUTES, problems),
            expiry_grace=60 * _minutes(tags, Tag.EXPIRY_GRACE_HOURS, _EXPIRY_GRACE_HOURS, problems, least=0),
            pause=_minutes(tags, Tag.PAUSE_MINUTES, _PAUSE_MINUTES, problems, least=0),
            wait_for_nodes=_minutes(tags, Tag.WAIT_FOR_NODES_MINUTES, _WAIT_FOR_NODES_MINUTES, problems),
            nodes=_nodes(tags, problems),
            gang=tags.get(Tag.GANG, "true").strip().lower() != "false",
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


def _minutes(tags: Mapping[str, str], tag: str, default: str, problems: list[str], *, least: float = 1) -> timedelta:
    """The time in `tag`. An invalid tag is a problem, and the default applies."""
    text = tags.get(tag, default)
    number = _valid(text)
    if not least <= number <= _LONGEST_TIME:
        problems.append(f"its tag {tag} is {text!r}, which is not a number from {least:g} up to {_LONGEST_TIME:g}")
        number = float(default)
    return timedelta(minutes=number)


def _nodes(tags: Mapping[str, str], problems: list[str]) -> int | None:
    if Tag.NODES not in tags:
        return None
    number = _valid(tags[Tag.NODES])
    if number >= 1 and number == int(number):
        return int(number)
    problems.append(f"its tag {Tag.NODES} is {tags[Tag.NODES]!r}, which is not a number of nodes above 0")
    return None


def _valid(text: str) -> float:
    """The number in `text`; -1 if it is not a finite number."""
    try:
        number = float(text)
    except ValueError:
        return -1
    return number if math.isfinite(number) else -1
