"""States of CloudWatch alarms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def cloudwatch(client: Callable[..., Any]) -> Any:
    return client("cloudwatch")


def put(cloudwatch: Any, name: str, threshold: int = 1) -> None:
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        EvaluationPeriods=1,
        ComparisonOperator="GreaterThanThreshold",
        MetricName="errors",
        Threshold=threshold,
    )


def described(cloudwatch: Any, name: str) -> dict[str, Any]:
    (alarm,) = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    found: dict[str, Any] = alarm
    return found


def test_a_new_alarm_has_no_data(cloudwatch: Any) -> None:
    put(cloudwatch, "without-data")
    assert described(cloudwatch, "without-data")["StateValue"] == "INSUFFICIENT_DATA"


def test_an_updated_alarm_keeps_its_state(cloudwatch: Any) -> None:
    put(cloudwatch, "updated")
    cloudwatch.set_alarm_state(AlarmName="updated", StateValue="ALARM", StateReason="too many")
    put(cloudwatch, "updated", threshold=5)
    alarm = described(cloudwatch, "updated")
    assert (alarm["Threshold"], alarm["StateValue"], alarm["StateReason"]) == (5, "ALARM", "too many")


def test_an_alarm_that_is_created_again_has_no_data(cloudwatch: Any) -> None:
    put(cloudwatch, "again")
    cloudwatch.set_alarm_state(AlarmName="again", StateValue="ALARM", StateReason="too many")
    cloudwatch.delete_alarms(AlarmNames=["again"])
    put(cloudwatch, "again")
    assert described(cloudwatch, "again")["StateValue"] == "INSUFFICIENT_DATA"
