"""Budgets, their notifications, subscribers, actions and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ACCOUNT = {"AccountId": "123456789012"}
BUDGET = {**ACCOUNT, "BudgetName": "team"}
ARN = "arn:aws:budgets::123456789012:budget/team"
AT_80 = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80.0}
ANA = {"SubscriptionType": "EMAIL", "Address": "ana@example.com"}
BEN = {"SubscriptionType": "EMAIL", "Address": "ben@example.com"}


def a_budget(**changes: Any) -> dict[str, Any]:
    limit = {"Amount": "15000", "Unit": "USD"}
    return {"BudgetName": "team", "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": limit, **changes}


@pytest.fixture
def budgets(client: Callable[..., Any]) -> Iterator[Any]:
    """Budgets with one of a team, that tells ana at 80 percent."""
    budgets = client("budgets")
    budgets.create_budget(
        **ACCOUNT,
        Budget=a_budget(),
        NotificationsWithSubscribers=[{"Notification": AT_80, "Subscribers": [ANA]}],
        ResourceTags=[{"Key": "Team", "Value": "ml"}],
    )
    yield budgets
    for each in budgets.describe_budgets(**ACCOUNT)["Budgets"]:
        budgets.delete_budget(**ACCOUNT, BudgetName=each["BudgetName"])


def refusal(call: Callable[..., Any], **named: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**named)
    return str(caught.value.response["Error"]["Code"])


def subscribers(budgets: Any, notification: dict[str, Any] = AT_80) -> Any:
    return budgets.describe_subscribers_for_notification(**BUDGET, Notification=notification)["Subscribers"]


def test_an_update_replaces_the_budget_and_keeps_its_notifications(budgets: Any) -> None:
    new = a_budget(BudgetLimit={"Amount": "20000", "Unit": "USD"}, CostFilters={"Service": ["Amazon FSx"]})
    budgets.update_budget(**ACCOUNT, NewBudget=new)
    found = budgets.describe_budget(**BUDGET)["Budget"]
    assert (found["BudgetLimit"]["Amount"], found["CostFilters"]) == ("20000", {"Service": ["Amazon FSx"]})
    assert subscribers(budgets) == [ANA]


def test_a_budget_has_one_kind_of_limit(budgets: Any) -> None:
    create = budgets.create_budget
    without = {name: value for name, value in a_budget(BudgetName="other").items() if name != "BudgetLimit"}
    assert refusal(create, **ACCOUNT, Budget=without) == "InvalidParameterException"
    adjusting = {"AutoAdjustType": "FORECAST"}
    assert refusal(create, **ACCOUNT, Budget=a_budget(AutoAdjustData=adjusting)) == "InvalidParameterException"
    create(**ACCOUNT, Budget={**without, "AutoAdjustData": adjusting})


def test_a_value_that_the_api_does_not_have_is_refused(budgets: Any) -> None:
    assert refusal(budgets.create_budget, **ACCOUNT, Budget=a_budget(TimeUnit="WEEKLY")) == "InvalidParameterException"


def test_a_budget_exists_once(budgets: Any) -> None:
    assert refusal(budgets.create_budget, **ACCOUNT, Budget=a_budget()) == "DuplicateRecordException"


def test_a_budget_that_is_not_there_is_not_found(budgets: Any) -> None:
    none = {**ACCOUNT, "BudgetName": "none"}
    new = a_budget(BudgetName="none")
    assert refusal(budgets.update_budget, **ACCOUNT, NewBudget=new) == "NotFoundException"
    assert refusal(budgets.describe_notifications_for_budget, **none) == "NotFoundException"


def test_budgets_are_listed_in_pages(budgets: Any) -> None:
    budgets.create_budget(**ACCOUNT, Budget=a_budget(BudgetName="other"))
    first = budgets.describe_budgets(**ACCOUNT, MaxResults=1)
    rest = budgets.describe_budgets(**ACCOUNT, MaxResults=1, NextToken=first["NextToken"])
    assert [each["BudgetName"] for each in first["Budgets"] + rest["Budgets"]] == ["team", "other"]
    assert refusal(budgets.describe_budgets, **ACCOUNT, NextToken="none!") == "InvalidNextTokenException"


def test_a_notification_has_the_state_ok(budgets: Any) -> None:
    (found,) = budgets.describe_notifications_for_budget(**BUDGET)["Notifications"]
    assert found == {**AT_80, "ThresholdType": "PERCENTAGE", "NotificationState": "OK"}


def test_a_notification_is_known_without_its_default_threshold_type(budgets: Any) -> None:
    assert subscribers(budgets, {**AT_80, "ThresholdType": "PERCENTAGE"}) == [ANA]
    absolute = {**AT_80, "ThresholdType": "ABSOLUTE_VALUE"}
    ask = budgets.describe_subscribers_for_notification
    assert refusal(ask, **BUDGET, Notification=absolute) == "NotFoundException"


def test_a_notification_exists_once(budgets: Any) -> None:
    create = budgets.create_notification
    assert refusal(create, **BUDGET, Notification=AT_80, Subscribers=[BEN]) == "DuplicateRecordException"


def test_a_changed_notification_keeps_its_subscribers(budgets: Any) -> None:
    at_90 = {**AT_80, "Threshold": 90.0}
    budgets.update_notification(**BUDGET, OldNotification=AT_80, NewNotification=at_90)
    assert subscribers(budgets, at_90) == [ANA]


def test_a_budget_has_at_most_ten_notifications(budgets: Any) -> None:
    for threshold in range(1, 10):
        new = {**AT_80, "Threshold": float(threshold)}
        budgets.create_notification(**BUDGET, Notification=new, Subscribers=[ANA])
    one_more = {**AT_80, "Threshold": 99.0}
    refused = refusal(budgets.create_notification, **BUDGET, Notification=one_more, Subscribers=[ANA])
    assert refused == "CreationLimitExceededException"


def test_subscribers_are_added_changed_and_removed(budgets: Any) -> None:
    budgets.create_subscriber(**BUDGET, Notification=AT_80, Subscriber=BEN)
    assert subscribers(budgets) == [ANA, BEN]
    duplicate = refusal(budgets.create_subscriber, **BUDGET, Notification=AT_80, Subscriber=BEN)
    assert duplicate == "DuplicateRecordException"
    eva = {**ANA, "Address": "eva@example.com"}
    budgets.update_subscriber(**BUDGET, Notification=AT_80, OldSubscriber=ANA, NewSubscriber=eva)
    budgets.delete_subscriber(**BUDGET, Notification=AT_80, Subscriber=BEN)
    assert subscribers(budgets) == [eva]


def test_a_notification_goes_with_its_last_subscriber(budgets: Any) -> None:
    budgets.delete_subscriber(**BUDGET, Notification=AT_80, Subscriber=ANA)
    assert budgets.describe_notifications_for_budget(**BUDGET)["Notifications"] == []


def test_a_notification_has_one_subscriber_by_sns(budgets: Any) -> None:
    topics = [{"SubscriptionType": "SNS", "Address": f"arn:aws:sns:us-east-1:123456789012:{each}"} for each in "ab"]
    at_90 = {**AT_80, "Threshold": 90.0}
    refused = refusal(budgets.create_notification, **BUDGET, Notification=at_90, Subscribers=topics)
    assert refused == "CreationLimitExceededException"


def test_tags_are_kept_added_and_removed(budgets: Any) -> None:
    assert budgets.list_tags_for_resource(ResourceARN=ARN)["ResourceTags"] == [{"Key": "Team", "Value": "ml"}]
    budgets.tag_resource(ResourceARN=ARN, ResourceTags=[{"Key": "Owner", "Value": "ana"}])
    budgets.untag_resource(ResourceARN=ARN, ResourceTagKeys=["Team"])
    assert budgets.list_tags_for_resource(ResourceARN=ARN)["ResourceTags"] == [{"Key": "Owner", "Value": "ana"}]
    assert refusal(budgets.list_tags_for_resource, ResourceARN=f"{ARN}-none") == "NotFoundException"


def an_action(**changes: Any) -> dict[str, Any]:
    policy = {"PolicyArn": "arn:aws:iam::123456789012:policy/stop", "Roles": ["training"]}
    return {
        **BUDGET,
        "NotificationType": "ACTUAL",
        "ActionType": "APPLY_IAM_POLICY",
        "ActionThreshold": {"ActionThresholdValue": 100.0, "ActionThresholdType": "PERCENTAGE"},
        "Definition": {"IamActionDefinition": policy},
        "ExecutionRoleArn": "arn:aws:iam::123456789012:role/budgets",
        "ApprovalModel": "AUTOMATIC",
        "Subscribers": [ANA],
        **changes,
    }


def test_an_action_stands_by_and_can_be_changed(budgets: Any) -> None:
    created = budgets.create_budget_action(**an_action(), ResourceTags=[{"Key": "Team", "Value": "ml"}])
    named = {**BUDGET, "ActionId": created["ActionId"]}
    assert budgets.describe_budget_action(**named)["Action"]["Status"] == "STANDBY"
    changed = budgets.update_budget_action(**named, ApprovalModel="MANUAL")
    assert (changed["OldAction"]["ApprovalModel"], changed["NewAction"]["ApprovalModel"]) == ("AUTOMATIC", "MANUAL")
    arn = f"{ARN}/action/{created['ActionId']}"
    assert budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"] == [{"Key": "Team", "Value": "ml"}]
    assert len(budgets.describe_budget_actions_for_budget(**BUDGET)["Actions"]) == 1
    budgets.delete_budget_action(**named)
    assert refusal(budgets.describe_budget_action, **named) == "NotFoundException"


def test_an_action_is_gone_with_its_budget(budgets: Any) -> None:
    created = budgets.create_budget_action(**an_action())
    budgets.delete_budget(**BUDGET)
    gone = refusal(budgets.describe_budget_action, **BUDGET, ActionId=created["ActionId"])
    assert gone == "NotFoundException"
    assert budgets.describe_budget_actions_for_account(**ACCOUNT)["Actions"] == []


def test_the_definition_of_an_action_is_of_its_type(budgets: Any) -> None:
    wrong = an_action(ActionType="RUN_SSM_DOCUMENTS")
    assert refusal(budgets.create_budget_action, **wrong) == "InvalidParameterException"
    assert refusal(budgets.create_budget_action, **an_action(BudgetName="none")) == "NotFoundException"
