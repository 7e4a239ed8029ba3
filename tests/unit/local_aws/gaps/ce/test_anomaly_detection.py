"""Cost anomaly monitors and subscriptions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.local_aws.conftest import error_code

NOWHERE = "arn:aws:ce::123456789012:anomalymonitor/none"


ANA = {"Type": "EMAIL", "Address": "ana@example.com"}


def a_monitor(ce: Any, name: str = "services", **request: Any) -> str:
    monitor = {"MonitorName": name, "MonitorType": "DIMENSIONAL", "MonitorDimension": "SERVICE"}
    arn: str = ce.create_anomaly_monitor(AnomalyMonitor=monitor, **request)["MonitorArn"]
    return arn


def a_subscription(*monitors: str, **changes: Any) -> dict[str, Any]:
    wanted = {
        "SubscriptionName": "team",
        "MonitorArnList": list(monitors),
        "Subscribers": [ANA],
        "Frequency": "DAILY",
        "Threshold": 100.0,
        **changes,
    }
    return {name: value for name, value in wanted.items() if value is not None}


def test_a_monitor_can_be_renamed_and_deleted(ce: Any) -> None:
    arn = a_monitor(ce)
    ce.update_anomaly_monitor(MonitorArn=arn, MonitorName="all services")
    (found,) = ce.get_anomaly_monitors(MonitorArnList=[arn])["AnomalyMonitors"]
    assert (found["MonitorName"], found["MonitorDimension"]) == ("all services", "SERVICE")
    ce.delete_anomaly_monitor(MonitorArn=arn)
    assert error_code(ce.get_anomaly_monitors, MonitorArnList=[arn]) == "UnknownMonitorException"
    assert error_code(ce.update_anomaly_monitor, MonitorArn=arn) == "UnknownMonitorException"


def test_a_custom_monitor_needs_a_specification(ce: Any) -> None:
    monitor = {"MonitorName": "team", "MonitorType": "CUSTOM", "MonitorDimension": "SERVICE"}
    assert error_code(ce.create_anomaly_monitor, AnomalyMonitor=monitor) == "ValidationException"


def test_monitors_are_listed_in_pages(ce: Any) -> None:
    for name in ("a", "b", "c"):
        a_monitor(ce, name)
    first = ce.get_anomaly_monitors(MaxResults=2)
    rest = ce.get_anomaly_monitors(MaxResults=2, NextPageToken=first["NextPageToken"])
    names = [each["MonitorName"] for each in first["AnomalyMonitors"] + rest["AnomalyMonitors"]]
    assert (names, "NextPageToken" in rest) == (["a", "b", "c"], False)
    assert error_code(ce.get_anomaly_monitors, NextPageToken="none!") == "InvalidNextTokenException"


def test_monitors_have_tags(ce: Any) -> None:
    arn = a_monitor(ce, ResourceTags=[{"Key": "Team", "Value": "ml"}])
    ce.tag_resource(ResourceArn=arn, ResourceTags=[{"Key": "Owner", "Value": "ana"}])
    ce.untag_resource(ResourceArn=arn, ResourceTagKeys=["Team"])
    assert ce.list_tags_for_resource(ResourceArn=arn)["ResourceTags"] == [{"Key": "Owner", "Value": "ana"}]


def test_a_subscription_is_found_by_its_monitor(ce: Any) -> None:
    monitor, other = a_monitor(ce), a_monitor(ce, "other")
    arn = ce.create_anomaly_subscription(AnomalySubscription=a_subscription(monitor))["SubscriptionArn"]
    (found,) = ce.get_anomaly_subscriptions(MonitorArn=monitor)["AnomalySubscriptions"]
    assert (found["SubscriptionArn"], found["AccountId"]) == (arn, "123456789012")
    assert found["Subscribers"] == [{**ANA, "Status": "CONFIRMED"}]
    assert ce.get_anomaly_subscriptions(MonitorArn=other)["AnomalySubscriptions"] == []
    ce.delete_anomaly_subscription(SubscriptionArn=arn)
    gone = error_code(ce.get_anomaly_subscriptions, SubscriptionArnList=[arn])
    assert gone == "UnknownSubscriptionException"


def test_a_threshold_expression_replaces_a_threshold(ce: Any) -> None:
    arn = ce.create_anomaly_subscription(AnomalySubscription=a_subscription(a_monitor(ce)))["SubscriptionArn"]
    dimension = {"Key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE", "MatchOptions": ["GREATER_THAN_OR_EQUAL"], "Values": ["100"]}
    ce.update_anomaly_subscription(SubscriptionArn=arn, ThresholdExpression={"Dimensions": dimension})
    (found,) = ce.get_anomaly_subscriptions()["AnomalySubscriptions"]
    assert (found["ThresholdExpression"], "Threshold" in found) == ({"Dimensions": dimension}, False)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"MonitorArnList": [NOWHERE]}, "UnknownMonitorException", id="no such monitor"),
        pytest.param({"Frequency": "HOURLY"}, "ValidationException", id="frequency"),
        pytest.param({"Frequency": "IMMEDIATE"}, "ValidationException", id="at once by e-mail"),
        pytest.param({"Threshold": None}, "ValidationException", id="no threshold"),
    ],
)
def test_an_invalid_subscription_is_refused(ce: Any, changes: dict[str, Any], code: str) -> None:
    wanted = a_subscription(a_monitor(ce), **changes)
    assert error_code(ce.create_anomaly_subscription, AnomalySubscription=wanted) == code
