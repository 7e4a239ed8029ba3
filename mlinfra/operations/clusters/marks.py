"""Marks of a cluster that needs attention: spend limit, expiry, missing shutdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from mlinfra.functions import clock
from mlinfra.functions.contract import SPEND_BOUND
from mlinfra.functions.notices import LIMIT_PERCENTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from mlinfra.functions.assessment import Assessment

MarkKind = Literal[
    "over-limit",
    "near-limit",
    "expired",
    "in-grace",
    "expiring",
    "launches-failed",
    "launches-suspended",
    "no-shutdown",
]

_NEAR_LIMIT: Final = min(LIMIT_PERCENTS) / 100
_NOT_STOPPED: Final = "it is not stopped automatically"
_TIMES: Final = {"hour": "1 hour", "day": "24 hours", "week": "7 days"}


@dataclass(frozen=True)
class Mark:
    """A condition of a cluster that needs attention."""

    kind: MarkKind
    text: str
    """The condition and its consequence, in one sentence that follows the cluster's name."""


def marks_of(seen: Assessment, now: datetime, *, has_shutdown: bool) -> Iterator[Mark]:
    """The marks that follow from the tags and records of a cluster.

    Args:
        seen: the assessed cluster.
        now: the time of the assessment.
        has_shutdown: False if no function stops it.
    """
    if mark := _limit_mark(seen, has_shutdown=has_shutdown):
        yield mark
    if mark := _expiry_mark(seen, now, has_shutdown=has_shutdown):
        yield mark


def is_over_limit(seen: Assessment) -> bool:
    """True if its cost exceeds its spend limit, so that it is stopped once it is idle. Unknown prices count as 0."""
    limit = seen.rules.spend_limit_usd
    return limit is not None and seen.cost.usd_known > limit


def forced_end(seen: Assessment) -> datetime | None:
    """The time at which it is stopped because of its expiry, even if it is busy. None: it has no valid expiry."""
    return seen.expiry.at and seen.expiry.at + seen.rules.expiry_grace


def _limit_mark(seen: Assessment, *, has_shutdown: bool) -> Mark | None:
    limit, usd = seen.rules.spend_limit_usd, seen.cost.usd_known
    if limit is None or usd < limit * _NEAR_LIMIT:
        return None
    if not is_over_limit(seen):
        return Mark(
            "near-limit", f"its cost of {usd:.2f} USD is {usd / limit:.0%} of its spend limit of {limit:.2f} USD"
        )
    if seen.target.is_stopped:
        consequence = "it cannot be started"
    elif not has_shutdown:
        consequence = _NOT_STOPPED
    elif usd > limit * SPEND_BOUND:
        consequence = f"above {SPEND_BOUND:.0%}, it is stopped at the next check, even if it is busy"
    else:
        consequence = f"it is stopped as soon as it is idle, and above {SPEND_BOUND:.0%} even if it is busy"
    return Mark("over-limit", f"its cost of {usd:.2f} USD exceeds its spend limit of {limit:.2f} USD: {consequence}")


def _expiry_mark(seen: Assessment, now: datetime, *, has_shutdown: bool) -> Mark | None:
    at, end = seen.expiry.at, forced_end(seen)
    if at is None or end is None:
        return None
    if warning := seen.expiry.warning(now):
        return Mark("expiring", f"it expires in less than {_TIMES[warning]}, at {clock.written(at)}")
    if not seen.expiry.is_expired(now):
        return None
    kind: MarkKind = "expired"
    if seen.target.is_stopped:
        consequence = "it cannot be started"
    elif not has_shutdown:
        consequence = _NOT_STOPPED
    elif end <= now:
        consequence = "it is stopped at the next check, even if it is busy"
    else:
        kind = "in-grace"
        consequence = f"it is stopped as soon as it is idle, and at {clock.written(end)} even if it is busy"
    return Mark(kind, f"it expired at {clock.written(at)}: {consequence}")
