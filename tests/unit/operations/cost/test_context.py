from __future__ import annotations

from datetime import date, datetime, timezone

import pytest

from mlinfra import CostAssumptions
from mlinfra.declarations import Prices
from mlinfra.operations.cost.context import Context, subnet_count
from mlinfra.operations.cost.resources import Resource, Stack
from tests.unit.operations.cost.stacks import resource, stack

DAY = date(2026, 11, 29)


def context(found: Stack) -> Context:
    assumptions = CostAssumptions()
    return Context(found, Prices("us-east-1", assumptions, DAY), assumptions, DAY, {})


def hours(*resources: dict[str, object], **tags: str) -> tuple[float, float]:
    found = stack(resource("aws_autoscaling_group", tags=tags), *resources)
    (group,) = found.of_type("aws_autoscaling_group")
    return tuple(context(found).hours(group)[0])  # type: ignore[return-value]


def test_the_month_begins_with_the_present_day() -> None:
    assert context(stack()).start == datetime(2026, 11, 29, tzinfo=timezone.utc)


def test_without_expiry_all_hours_count() -> None:
    assert hours() == (730, 730)


def test_hours_end_with_the_last_day_and_the_grace_period() -> None:
    assert hours(Expires="2026-11-29") == (24, 24)
    assert hours(Expires="2026-11-30", ExpiryGraceHours="12") == (48, 60)
    assert hours(Expires="2026-11-28", ExpiryGraceHours="12") == (0, 0)
    assert hours(Expires="soon") == (730, 730)


@pytest.mark.parametrize(
    ("recurrence", "low"),
    [("0 20 * * *", 365), ("0 20 * * 6,0", 730 * 144 / 168), ("0 20 * * x", 730), ("30 11 1 12 *", 730)],
)
def test_only_daily_stops_are_quiet_hours(recurrence: str, low: float) -> None:
    quiet = resource(
        "aws_autoscaling_schedule",
        desired_capacity=0,
        recurrence=recurrence,
        autoscaling_group_name="${aws_autoscaling_group.x.name}",
    )
    assert hours(quiet) == pytest.approx((low, 730))


def test_subnets_are_counted() -> None:
    assert subnet_count(Resource("x", "x", {"subnet_ids": ["a", "b"]})) == ((2, 2), "")
    assert subnet_count(Resource("x", "x", {})) == ((1, 3), "1 to 3 zones, since the subnets are known after apply")
