"""Marks of clusters that need attention."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from mlinfra.functions.activity import Evidence, Verdict
from mlinfra.functions.assessment import Assessment
from mlinfra.functions.contract import Tag
from mlinfra.functions.cost import Cost
from mlinfra.functions.decision import Action, Decision
from mlinfra.functions.expiry import Expiry
from mlinfra.functions.fleet import Target
from mlinfra.functions.records import Memory
from mlinfra.functions.rules import Rules
from mlinfra.operations.clusters.marks import forced_end, is_over_limit, marks_of

NOW = datetime(2026, 12, 18, 14, tzinfo=timezone.utc)


def seen(usd: float = 0, left: timedelta = timedelta(days=30), *, desired: int = 2, **tags: str) -> Assessment:
    target = Target("recsys-dev-two-tower-v2", "group", tags={Tag.SPEND_LIMIT_USD: "500"} | tags, desired=desired)
    return Assessment(
        target=target,
        rules=Rules.of(target.tags),
        memory=Memory(),
        evidence=Evidence(Verdict.BUSY, "its nodes are busy"),
        expiry=Expiry(at=NOW + left),
        cost=Cost(usd),
        decision=Decision(Action.LEAVE, "it is busy"),
        problems=(),
    )


def marks(assessed: Assessment, *, has_shutdown: bool = True) -> list[tuple[str, str]]:
    return [(mark.kind, mark.text) for mark in marks_of(assessed, NOW, has_shutdown=has_shutdown)]


def test_a_cluster_below_its_limits_has_no_marks() -> None:
    assert marks(seen(399.99, timedelta(days=7, seconds=1))) == []


@pytest.mark.parametrize(
    ("usd", "kind", "text"),
    [
        (400, "near-limit", "its cost of 400.00 USD is 80% of its spend limit of 500.00 USD"),
        (500, "near-limit", "its cost of 500.00 USD is 100% of its spend limit of 500.00 USD"),
        (
            500.01,
            "over-limit",
            (
                "its cost of 500.01 USD exceeds its spend limit of 500.00 USD: it is stopped as soon as it is idle, "
                "and above 120% even if it is busy"
            ),
        ),
        (
            601,
            "over-limit",
            (
                "its cost of 601.00 USD exceeds its spend limit of 500.00 USD: above 120%, it is stopped at the next "
                "check, even if it is busy"
            ),
        ),
    ],
)
def test_a_cost_of_80_percent_of_the_limit_or_more_is_marked(usd: float, kind: str, text: str) -> None:
    assert marks(seen(usd)) == [(kind, text)]


@pytest.mark.parametrize(
    ("left", "kind", "text"),
    [
        (timedelta(days=7), "expiring", "it expires in less than 7 days, at 2026-12-25T14:00:00Z"),
        (timedelta(hours=24), "expiring", "it expires in less than 24 hours, at 2026-12-19T14:00:00Z"),
        (timedelta(hours=1), "expiring", "it expires in less than 1 hour, at 2026-12-18T15:00:00Z"),
        (
            timedelta(0),
            "in-grace",
            (
                "it expired at 2026-12-18T14:00:00Z: it is stopped as soon as it is idle, and at 2026-12-19T14:00:00Z "
                "even if it is busy"
            ),
        ),
        (
            timedelta(hours=-24),
            "expired",
            "it expired at 2026-12-17T14:00:00Z: it is stopped at the next check, even if it is busy",
        ),
    ],
)
def test_an_expiry_in_7_days_or_less_is_marked(left: timedelta, kind: str, text: str) -> None:
    assert marks(seen(left=left)) == [(kind, text)]


def test_the_grace_period_is_that_of_the_tag() -> None:
    assessed = seen(left=timedelta(hours=-24), **{Tag.EXPIRY_GRACE_HOURS: "72"})
    assert forced_end(assessed) == NOW + timedelta(hours=48)
    ((kind, text),) = marks(assessed)
    assert kind == "in-grace"
    assert text.endswith("and at 2026-12-20T14:00:00Z even if it is busy")


def test_a_stopped_cluster_cannot_be_started() -> None:
    assert marks(seen(501, timedelta(0), desired=0)) == [
        ("over-limit", "its cost of 501.00 USD exceeds its spend limit of 500.00 USD: it cannot be started"),
        ("expired", "it expired at 2026-12-18T14:00:00Z: it cannot be started"),
    ]


def test_without_a_shutdown_nothing_is_stopped() -> None:
    assert marks(seen(601, timedelta(0)), has_shutdown=False) == [
        ("over-limit", "its cost of 601.00 USD exceeds its spend limit of 500.00 USD: it is not stopped automatically"),
        ("expired", "it expired at 2026-12-18T14:00:00Z: it is not stopped automatically"),
    ]


def test_the_limit_is_exceeded_above_it() -> None:
    assert not is_over_limit(seen(500))
    assert is_over_limit(seen(500.01))
    assert not is_over_limit(seen(10_000, **{Tag.SPEND_LIMIT_USD: "none"}))
