"""Composite alarms of CloudWatch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.local_aws.conftest import error_code

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def cloudwatch(client: Callable[..., Any]) -> Any:
    """CloudWatch client, with the metric alarms `idle` and `maintenance` only."""
    cloudwatch = client("cloudwatch")
    everything = cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    for each in everything["MetricAlarms"] + everything["CompositeAlarms"]:
        cloudwatch.delete_alarms(AlarmNames=[each["AlarmName"]])
    for name in ("idle", "maintenance"):
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            MetricName=name,
            Namespace="Test",
            Statistic="Maximum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1.0,
            ComparisonOperator="GreaterThanThreshold",
        )
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="test")
    return cloudwatch


RULE = "ALARM(idle) AND NOT ALARM(maintenance)"


def composite(cloudwatch: Any, name: str = "waste") -> Any:
    (found,) = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    return found


def test_a_composite_alarm_is_returned_as_put(cloudwatch: Any) -> None:
    wanted = {
        "AlarmName": "waste",
        "AlarmRule": RULE,
        "AlarmDescription": "Idle GPUs",
        "ActionsEnabled": False,
        "AlarmActions": ["arn:aws:sns:us-east-1:123456789012:alerts"],
        "OKActions": [],
        "InsufficientDataActions": [],
        "ActionsSuppressor": "maintenance",
        "ActionsSuppressorWaitPeriod": 60,
        "ActionsSuppressorExtensionPeriod": 120,
    }
    cloudwatch.put_composite_alarm(**wanted, Tags=[{"Key": "Team", "Value": "ml"}])
    found = composite(cloudwatch)
    assert {name: found[name] for name in wanted} == wanted
    assert cloudwatch.list_tags_for_resource(ResourceARN=found["AlarmArn"])["Tags"] == [{"Key": "Team", "Value": "ml"}]


def test_a_composite_alarm_follows_the_alarms_of_its_rule(cloudwatch: Any) -> None:
    cloudwatch.put_composite_alarm(AlarmName="waste", AlarmRule=RULE)
    states = [composite(cloudwatch)["StateValue"]]
    for name in ("idle", "maintenance"):
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")
        states.append(composite(cloudwatch)["StateValue"])
    assert states == ["OK", "ALARM", "OK"]


def test_only_metric_alarms_are_described_by_default(cloudwatch: Any) -> None:
    cloudwatch.put_composite_alarm(AlarmName="waste", AlarmRule=RULE)
    answer = cloudwatch.describe_alarms()
    assert [each["AlarmName"] for each in answer["MetricAlarms"]] == ["idle", "maintenance"]
    assert answer["CompositeAlarms"] == []


def test_alarms_are_described_in_pages(cloudwatch: Any) -> None:
    first = cloudwatch.describe_alarms(MaxRecords=1)
    rest = cloudwatch.describe_alarms(MaxRecords=1, NextToken=first["NextToken"])
    assert [each["AlarmName"] for each in first["MetricAlarms"] + rest["MetricAlarms"]] == ["idle", "maintenance"]
    assert error_code(cloudwatch.describe_alarms, NextToken="none!") == "InvalidNextToken"


def test_a_deleted_composite_alarm_is_not_described(cloudwatch: Any) -> None:
    cloudwatch.put_composite_alarm(AlarmName="waste", AlarmRule="ALARM(idle)")
    cloudwatch.delete_alarms(AlarmNames=["waste"])
    assert cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])["CompositeAlarms"] == []


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param("ALARM(none)", id="no such alarm"),
        pytest.param("ALARM(idle) AND", id="half a rule"),
        pytest.param("idle", id="no function"),
        pytest.param("(ALARM(idle)", id="open bracket"),
    ],
)
def test_an_invalid_rule_is_refused(cloudwatch: Any, rule: str) -> None:
    assert error_code(cloudwatch.put_composite_alarm, AlarmName="waste", AlarmRule=rule) == "ValidationError"


def test_a_suppressor_without_periods_is_refused(cloudwatch: Any) -> None:
    named = {"AlarmName": "waste", "AlarmRule": "ALARM(idle)", "ActionsSuppressor": "maintenance"}
    assert error_code(cloudwatch.put_composite_alarm, **named) == "ValidationError"
