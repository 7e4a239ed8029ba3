"""Notifications of budgets and their subscribers."""

from __future__ import annotations

from typing import Any

from tests.unit.local_aws.conftest import error_code
from tests.unit.local_aws.gaps.budgets.conftest import ANA, AT_80, BUDGET, subscribers

BEN = {"SubscriptionType": "EMAIL", "Address": "ben@example.com"}


def test_the_state_of_a_notification_is_ok(budgets: Any) -> None:
    (found,) = budgets.describe_notifications_for_budget(**BUDGET)["Notifications"]
    assert found == {**AT_80, "ThresholdType": "PERCENTAGE", "NotificationState": "OK"}


def test_the_threshold_type_of_a_notification_defaults_to_percentage(budgets: Any) -> None:
    assert subscribers(budgets, {**AT_80, "ThresholdType": "PERCENTAGE"}) == [ANA]
    absolute = {**AT_80, "ThresholdType": "ABSOLUTE_VALUE"}
    ask = budgets.describe_subscribers_for_notification
    assert error_code(ask, **BUDGET, Notification=absolute) == "NotFoundException"


def test_a_duplicate_notification_is_refused(budgets: Any) -> None:
    create = budgets.create_notification
    assert error_code(create, **BUDGET, Notification=AT_80, Subscribers=[BEN]) == "DuplicateRecordException"


def test_a_changed_notification_keeps_its_subscribers(budgets: Any) -> None:
    at_90 = {**AT_80, "Threshold": 90.0}
    budgets.update_notification(**BUDGET, OldNotification=AT_80, NewNotification=at_90)
    assert subscribers(budgets, at_90) == [ANA]


def test_a_budget_has_at_most_ten_notifications(budgets: Any) -> None:
    for threshold in range(1, 10):
        new = {**AT_80, "Threshold": float(threshold)}
        budgets.create_notification(**BUDGET, Notification=new, Subscribers=[ANA])
    one_more = {**AT_80, "Threshold": 99.0}
    refused = error_code(budgets.create_notification, **BUDGET, Notification=one_more, Subscribers=[ANA])
    assert refused == "CreationLimitExceededException"


def test_subscribers_are_added_changed_and_removed(budgets: Any) -> None:
    budgets.create_subscriber(**BUDGET, Notification=AT_80, Subscriber=BEN)
    assert subscribers(budgets) == [ANA, BEN]
    duplicate = error_code(budgets.create_subscriber, **BUDGET, Notification=AT_80, Subscriber=BEN)
    assert duplicate == "DuplicateRecordException"
    eva = {**ANA, "Address": "eva@example.com"}
    budgets.update_subscriber(**BUDGET, Notification=AT_80, OldSubscriber=ANA, NewSubscriber=eva)
    budgets.delete_subscriber(**BUDGET, Notification=AT_80, Subscriber=BEN)
    assert subscribers(budgets) == [eva]


def test_a_notification_is_deleted_with_its_last_subscriber(budgets: Any) -> None:
    budgets.delete_subscriber(**BUDGET, Notification=AT_80, Subscriber=ANA)
    assert budgets.describe_notifications_for_budget(**BUDGET)["Notifications"] == []


def test_a_second_sns_subscriber_of_a_notification_is_refused(budgets: Any) -> None:
    topics = [{"SubscriptionType": "SNS", "Address": f"arn:aws:sns:us-east-1:123456789012:{each}"} for each in "ab"]
    at_90 = {**AT_80, "Threshold": 90.0}
    refused = error_code(budgets.create_notification, **BUDGET, Notification=at_90, Subscribers=topics)
    assert refused == "CreationLimitExceededException"
