"""Composite alarms, trails and metric filters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from mlinfra.local_aws.mechanisms.alarm_rules import AlarmRule

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def cloudwatch(client: Callable[..., Any]) -> Any:
    """CloudWatch with two metric alarms, `idle` and `maintenance`, and no other."""
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


def refusal(call: Callable[..., Any], **named: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**named)
    return str(caught.value.response["Error"]["Code"])


RULE = "ALARM(idle) AND NOT ALARM(maintenance)"


def composite(cloudwatch: Any, name: str = "waste") -> Any:
    (found,) = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
    return found


def test_a_composite_alarm_is_given_back_as_it_was_put(cloudwatch: Any) -> None:
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


def test_only_metric_alarms_are_described_unless_others_are_asked_for(cloudwatch: Any) -> None:
    cloudwatch.put_composite_alarm(AlarmName="waste", AlarmRule=RULE)
    answer = cloudwatch.describe_alarms()
    assert [each["AlarmName"] for each in answer["MetricAlarms"]] == ["idle", "maintenance"]
    assert answer["CompositeAlarms"] == []


def test_alarms_are_described_in_pages(cloudwatch: Any) -> None:
    first = cloudwatch.describe_alarms(MaxRecords=1)
    rest = cloudwatch.describe_alarms(MaxRecords=1, NextToken=first["NextToken"])
    assert [each["AlarmName"] for each in first["MetricAlarms"] + rest["MetricAlarms"]] == ["idle", "maintenance"]
    assert refusal(cloudwatch.describe_alarms, NextToken="none!") == "InvalidNextToken"


def test_a_deleted_composite_alarm_is_gone(cloudwatch: Any) -> None:
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
def test_a_rule_that_cannot_hold_is_refused(cloudwatch: Any, rule: str) -> None:
    assert refusal(cloudwatch.put_composite_alarm, AlarmName="waste", AlarmRule=rule) == "ValidationError"


def test_a_suppressor_needs_its_periods(cloudwatch: Any) -> None:
    named = {"AlarmName": "waste", "AlarmRule": "ALARM(idle)", "ActionsSuppressor": "maintenance"}
    assert refusal(cloudwatch.put_composite_alarm, **named) == "ValidationError"


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ("TRUE", True),
        ("NOT TRUE OR FALSE", False),
        ("FALSE AND FALSE OR TRUE", True),
        ("FALSE AND (FALSE OR TRUE)", False),
        ('ALARM("my alarm")', True),
        ("OK(arn:aws:cloudwatch:us-east-1:123456789012:alarm:my-alarm)", False),
        ("INSUFFICIENT_DATA('other') AND ALARM(x)", False),
    ],
)
def test_a_rule_is_read_as_cloudwatch_reads_it(rule: str, *, holds: bool) -> None:
    assert AlarmRule(rule).holds(lambda _name: "ALARM") is holds


@pytest.fixture
def trail(client: Callable[..., Any]) -> Any:
    s3, cloudtrail = client("s3"), client("cloudtrail")
    s3.create_bucket(Bucket="trail")
    for each in cloudtrail.list_trails()["Trails"]:
        cloudtrail.delete_trail(Name=each["TrailARN"])
    return cloudtrail.create_trail(Name="account", S3BucketName="trail")["TrailARN"]


@pytest.mark.parametrize("named", ["account", "arn:aws:cloudtrail:us-east-1:123456789012:trail/account"])
def test_a_trail_is_known_by_name_and_arn(client: Callable[..., Any], trail: str, named: str) -> None:
    cloudtrail = client("cloudtrail")
    cloudtrail.start_logging(Name=named)
    assert cloudtrail.get_trail_status(Name=trail)["IsLogging"] is True
    cloudtrail.stop_logging(Name=named)
    assert cloudtrail.get_trail_status(Name=trail)["IsLogging"] is False
    cloudtrail.delete_trail(Name=named)
    assert refusal(cloudtrail.get_trail, Name=trail) == "TrailNotFoundException"
    assert refusal(cloudtrail.delete_trail, Name=named) == "TrailNotFoundException"


def test_a_trail_says_whether_it_has_selectors(client: Callable[..., Any], trail: str) -> None:
    cloudtrail = client("cloudtrail")
    assert cloudtrail.get_trail(Name=trail)["Trail"]["HasCustomEventSelectors"] is False
    cloudtrail.put_event_selectors(TrailName=trail, EventSelectors=[{"ReadWriteType": "WriteOnly"}])
    assert cloudtrail.get_trail(Name=trail)["Trail"]["HasCustomEventSelectors"] is True


def test_a_metric_filter_that_is_put_again_is_replaced(client: Callable[..., Any]) -> None:
    logs = client("logs")
    logs.create_log_group(logGroupName="filtered")
    for pattern in ("FATAL", "ERROR"):
        logs.put_metric_filter(
            logGroupName="filtered",
            filterName="errors",
            filterPattern=pattern,
            metricTransformations=[{"metricName": "Errors", "metricNamespace": "Test", "metricValue": "1"}],
        )
    (found,) = logs.describe_metric_filters(logGroupName="filtered")["metricFilters"]
    assert found["filterPattern"] == "ERROR"
