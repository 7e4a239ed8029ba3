"""Node reports, as their guards write them and as they can be damaged."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from mlinfra.functions.contract import Activity, NodeReport as Attribute
from mlinfra.functions.node_report import NodeReport

NOW = datetime(2026, 12, 18, 10, 30, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)


def item(**changes: Any) -> dict[str, Any]:
    return {
        Attribute.REPORTED_AT: Decimal(str(NOW.timestamp())),
        Attribute.ACTIVITY: Activity.IDLE,
        Attribute.IDLE_SECONDS: Decimal(1_500),
        Attribute.WHY: "nothing runs",
    } | changes


def test_a_report_is_read() -> None:
    assert NodeReport.of(item()) == NodeReport(NOW, Activity.IDLE, 25 * MINUTE, "nothing runs")


def test_only_an_idle_node_is_vacant() -> None:
    vacant = {Attribute.VACANT_SECONDS: Decimal(301)}
    assert NodeReport.of(item(**vacant)).vacant_for == timedelta(seconds=301)
    assert NodeReport.of(item(**vacant, **{Attribute.ACTIVITY: Activity.BUSY})).vacant_for == timedelta(0)
    assert NodeReport.of(item(**{Attribute.VACANT_SECONDS: "long"})).vacant_for == timedelta(0)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({Attribute.REPORTED_AT: "soon"}, NodeReport(None, Activity.IDLE, 25 * MINUTE, "nothing runs")),
        ({Attribute.REPORTED_AT: Decimal("1e300")}, NodeReport(None, Activity.IDLE, 25 * MINUTE, "nothing runs")),
        ({Attribute.ACTIVITY: "asleep"}, NodeReport(NOW, Activity.UNKNOWN, 25 * MINUTE, "nothing runs")),
        ({Attribute.IDLE_SECONDS: "long"}, NodeReport(NOW, Activity.IDLE, 0 * MINUTE, "nothing runs")),
        ({Attribute.IDLE_SECONDS: Decimal(-60)}, NodeReport(NOW, Activity.IDLE, 0 * MINUTE, "nothing runs")),
    ],
)
def test_an_invalid_attribute_never_counts_as_idle(changes: dict[str, Any], expected: NodeReport) -> None:
    assert NodeReport.of(item(**changes)) == expected


def test_an_empty_item_is_a_report_that_says_nothing() -> None:
    assert NodeReport.of({}) == NodeReport(None)
    assert not NodeReport.of({}).is_fresh(NOW)


@pytest.mark.parametrize(("minutes", "fresh"), [(0, True), (12, True), (13, False), (-12, True), (-13, False)])
def test_a_report_is_fresh_for_twelve_minutes(minutes: int, fresh: bool) -> None:  # noqa: FBT001
    assert NodeReport(NOW - minutes * MINUTE).is_fresh(NOW) == fresh


def test_the_time_of_a_hang_is_read_from_the_report_of_an_idle_node_alone() -> None:
    hung_at = {Attribute.HUNG_AT: Decimal(str(NOW.timestamp()))}
    assert NodeReport.of(item(**hung_at)).hung_at == NOW
    assert NodeReport.of(item(**hung_at, **{Attribute.ACTIVITY: Activity.BUSY})).hung_at is None
    assert NodeReport.of(item(**{Attribute.HUNG_AT: "soon"})).hung_at is None
