"""Anomaly monitors and subscriptions, cost allocation tags, and what was spent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

NOWHERE = "arn:aws:ce::123456789012:anomalymonitor/none"
ANA = {"Type": "EMAIL", "Address": "ana@example.com"}


@pytest.fixture
def ce(client: Callable[..., Any]) -> Any:
    """Cost Explorer without monitors and subscriptions."""
    ce = client("ce")
    for each in ce.get_anomaly_subscriptions()["AnomalySubscriptions"]:
        ce.delete_anomaly_subscription(SubscriptionArn=each["SubscriptionArn"])
    for each in ce.get_anomaly_monitors()["AnomalyMonitors"]:
        ce.delete_anomaly_monitor(MonitorArn=each["MonitorArn"])
    return ce


def refusal(call: Callable[..., Any], **named: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**named)
    return str(caught.value.response["Error"]["Code"])


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
    assert refusal(ce.get_anomaly_monitors, MonitorArnList=[arn]) == "UnknownMonitorException"
    assert refusal(ce.update_anomaly_monitor, MonitorArn=arn) == "UnknownMonitorException"


def test_a_custom_monitor_needs_a_specification(ce: Any) -> None:
    monitor = {"MonitorName": "team", "MonitorType": "CUSTOM", "MonitorDimension": "SERVICE"}
    assert refusal(ce.create_anomaly_monitor, AnomalyMonitor=monitor) == "ValidationException"


def test_monitors_are_listed_in_pages(ce: Any) -> None:
    for name in ("a", "b", "c"):
        a_monitor(ce, name)
    first = ce.get_anomaly_monitors(MaxResults=2)
    rest = ce.get_anomaly_monitors(MaxResults=2, NextPageToken=first["NextPageToken"])
    names = [each["MonitorName"] for each in first["AnomalyMonitors"] + rest["AnomalyMonitors"]]
    assert (names, "NextPageToken" in rest) == (["a", "b", "c"], False)
    assert refusal(ce.get_anomaly_monitors, NextPageToken="none!") == "InvalidNextTokenException"


def test_monitors_have_tags(ce: Any) -> None:
    arn = a_monitor(ce, ResourceTags=[{"Key": "Team", "Value": "ml"}])
    ce.tag_resource(ResourceArn=arn, ResourceTags=[{"Key": "Owner", "Value": "ana"}])
    ce.untag_resource(ResourceArn=arn, ResourceTagKeys=["Team"])
    assert ce.list_tags_for_resource(ResourceArn=arn)["ResourceTags"] == [{"Key": "Owner", "Value": "ana"}]


def test_a_subscription_tells_of_its_monitors(ce: Any) -> None:
    monitor, other = a_monitor(ce), a_monitor(ce, "other")
    arn = ce.create_anomaly_subscription(AnomalySubscription=a_subscription(monitor))["SubscriptionArn"]
    (found,) = ce.get_anomaly_subscriptions(MonitorArn=monitor)["AnomalySubscriptions"]
    assert (found["SubscriptionArn"], found["AccountId"]) == (arn, "123456789012")
    assert found["Subscribers"] == [{**ANA, "Status": "CONFIRMED"}]
    assert ce.get_anomaly_subscriptions(MonitorArn=other)["AnomalySubscriptions"] == []
    ce.delete_anomaly_subscription(SubscriptionArn=arn)
    gone = refusal(ce.get_anomaly_subscriptions, SubscriptionArnList=[arn])
    assert gone == "UnknownSubscriptionException"


def test_a_threshold_expression_takes_the_place_of_a_threshold(ce: Any) -> None:
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
def test_a_subscription_that_cannot_be_delivered_is_refused(ce: Any, changes: dict[str, Any], code: str) -> None:
    wanted = a_subscription(a_monitor(ce), **changes)
    assert refusal(ce.create_anomaly_subscription, AnomalySubscription=wanted) == code


def test_cost_allocation_tags_are_activated_and_found_by_status(ce: Any) -> None:
    status = [{"TagKey": "Team", "Status": "Active"}, {"TagKey": "aws:createdBy", "Status": "Inactive"}]
    assert ce.update_cost_allocation_tags_status(CostAllocationTagsStatus=status)["Errors"] == []
    active = ce.list_cost_allocation_tags(Status="Active")["CostAllocationTags"]
    assert [(each["TagKey"], each["Type"]) for each in active] == [("Team", "UserDefined")]
    generated = ce.list_cost_allocation_tags(Type="AWSGenerated")["CostAllocationTags"]
    assert [each["TagKey"] for each in generated] == ["aws:createdBy"]
    first = ce.list_cost_allocation_tags(MaxResults=1)
    rest = ce.list_cost_allocation_tags(MaxResults=1, NextToken=first["NextToken"])
    assert [each["TagKey"] for each in first["CostAllocationTags"] + rest["CostAllocationTags"]] == [
        "Team",
        "aws:createdBy",
    ]


def test_a_cost_allocation_tag_is_active_or_inactive(ce: Any) -> None:
    status = [{"TagKey": "Team", "Status": "On"}]
    assert refusal(ce.update_cost_allocation_tags_status, CostAllocationTagsStatus=status) == "ValidationException"


def spent(ce: Any, start: str, end: str, **request: Any) -> Any:
    period = {"Start": start, "End": end}
    return ce.get_cost_and_usage(TimePeriod=period, **{"Granularity": "DAILY", "Metrics": ["UnblendedCost"], **request})


def test_nothing_was_spent_on_any_day(ce: Any) -> None:
    results = spent(ce, "2026-11-01", "2026-11-04")["ResultsByTime"]
    assert [each["TimePeriod"]["Start"] for each in results] == ["2026-11-01", "2026-11-02", "2026-11-03"]
    assert results[0]["Total"] == {"UnblendedCost": {"Amount": "0", "Unit": "USD"}}


def test_months_end_with_the_period_and_the_year(ce: Any) -> None:
    results = spent(ce, "2026-12-10", "2027-01-05", Granularity="MONTHLY")["ResultsByTime"]
    periods = [(each["TimePeriod"]["Start"], each["TimePeriod"]["End"]) for each in results]
    assert periods == [("2026-12-10", "2027-01-01"), ("2027-01-01", "2027-01-05")]


def test_a_grouped_answer_names_its_groups_and_has_no_total(ce: Any) -> None:
    by_team = [{"Type": "TAG", "Key": "Team"}]
    answer = spent(ce, "2026-11-01", "2026-11-02", GroupBy=by_team)
    assert answer["GroupDefinitions"] == by_team
    assert (answer["ResultsByTime"][0]["Total"], answer["ResultsByTime"][0]["Groups"]) == ({}, [])


def test_a_period_ends_after_it_starts(ce: Any) -> None:
    assert refusal(spent, ce=ce, start="2026-11-02", end="2026-11-02") == "ValidationException"
