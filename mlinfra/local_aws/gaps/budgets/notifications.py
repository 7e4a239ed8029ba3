"""Gap: notifications of a budget and their subscribers.

moto cannot list the subscribers of a notification, nor change either. In AWS, a notification is identified by
its type, operator, threshold and threshold type; it has at least one subscriber, at most ten by e-mail and
one by SNS, and a budget has at most ten notifications. Source: AWS Budgets API reference, CreateNotification,
UpdateNotification, DescribeNotificationsForBudget, CreateSubscriber, UpdateSubscriber, DeleteSubscriber and
DescribeSubscribersForNotification, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.budgets.responses import BudgetsResponse
from moto.core.responses import ActionResult, EmptyResult

from mlinfra.local_aws.gaps.budgets.budgets import INVALID, existing_budget, paged
from mlinfra.local_aws.mechanisms.api_model import ApiError, checked_request
from mlinfra.local_aws.mechanisms.extending import add_operations, wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.budgets.models import Budget, Notification

    Details = dict[str, Any]
    Subscriber = dict[str, str]

_MOST_NOTIFICATIONS = 10
_MOST_SUBSCRIBERS = {"EMAIL": 10, "SNS": 1}


def is_open() -> bool:
    """True if moto cannot list subscribers."""
    return not hasattr(BudgetsResponse, "describe_subscribers_for_notification")


def close() -> None:
    """Close the gap: answer all operations on notifications and subscribers."""
    wrap(BudgetsResponse, "create_budget", _create_budget)
    wrap(BudgetsResponse, "create_notification", _create)
    wrap(BudgetsResponse, "delete_notification", _delete)
    wrap(BudgetsResponse, "describe_notifications_for_budget", _describe)
    add_operations(
        BudgetsResponse,
        update_notification,
        create_subscriber,
        update_subscriber,
        delete_subscriber,
        describe_subscribers_for_notification,
    )


def update_notification(self: BudgetsResponse) -> EmptyResult:
    """Replace a notification and keep its subscribers."""
    request = checked_request(self, "UpdateNotification", code=INVALID)
    budget = existing_budget(self, request)
    found = _existing(budget, request["OldNotification"])
    new = _with_defaults(request["NewNotification"])
    if _identity(new) != _identity(found.details):
        _require_new(budget, new)
    found.details = new
    return EmptyResult()


def create_subscriber(self: BudgetsResponse) -> EmptyResult:
    """Add a subscriber."""
    request = checked_request(self, "CreateSubscriber", code=INVALID)
    found = _existing(existing_budget(self, request), request["Notification"])
    if request["Subscriber"] in found.subscribers:
        raise ApiError(code="DuplicateRecordException", message="The subscriber already exists.")
    _set_subscribers(found, [*_subscribers(found), request["Subscriber"]])
    return EmptyResult()


def update_subscriber(self: BudgetsResponse) -> EmptyResult:
    """Replace a subscriber."""
    request = checked_request(self, "UpdateSubscriber", code=INVALID)
    found = _existing(existing_budget(self, request), request["Notification"])
    _set_subscribers(found, [*_without(found, request["OldSubscriber"]), request["NewSubscriber"]])
    return EmptyResult()


def delete_subscriber(self: BudgetsResponse) -> EmptyResult:
    """Delete a subscriber, and the notification with its last subscriber."""
    request = checked_request(self, "DeleteSubscriber", code=INVALID)
    budget = existing_budget(self, request)
    found = _existing(budget, request["Notification"])
    left = _without(found, request["Subscriber"])
    if left:
        _set_subscribers(found, left)
    else:
        budget.notifications.remove(found)
    return EmptyResult()


def describe_subscribers_for_notification(self: BudgetsResponse) -> ActionResult:
    """List the subscribers of a notification, in pages."""
    request = checked_request(self, "DescribeSubscribersForNotification", code=INVALID)
    found = _existing(existing_budget(self, request), request["Notification"])
    some, token = paged(request, _subscribers(found))
    return ActionResult({"Subscribers": some, "NextToken": token})


def _create_budget(original: Callable[[BudgetsResponse], Any], response: BudgetsResponse) -> object:
    request = checked_request(response, "CreateBudget", code=INVALID)
    wanted = request.get("NotificationsWithSubscribers", [])
    identities = {_identity(each["Notification"]) for each in wanted}
    if len(identities) < len(wanted):
        raise ApiError(code="DuplicateRecordException", message="The notifications must differ.")
    for each in wanted:
        _require_few(each["Subscribers"])
    answer = original(response)
    budget = response.backend.budgets[request["AccountId"]][request["Budget"]["BudgetName"]]
    for each in budget.notifications:
        each.details = _with_defaults(each.details)
    return answer


def _create(_original: Callable[[BudgetsResponse], Any], response: BudgetsResponse) -> EmptyResult:
    request = checked_request(response, "CreateNotification", code=INVALID)
    budget = existing_budget(response, request)
    details = _with_defaults(request["Notification"])
    _require_new(budget, details)
    _require_few(request["Subscribers"])
    budget.add_notification(details, request["Subscribers"])
    return EmptyResult()


def _delete(_original: Callable[[BudgetsResponse], Any], response: BudgetsResponse) -> EmptyResult:
    request = checked_request(response, "DeleteNotification", code=INVALID)
    budget = existing_budget(response, request)
    budget.notifications.remove(_existing(budget, request["Notification"]))
    return EmptyResult()


def _describe(_original: Callable[[BudgetsResponse], Any], response: BudgetsResponse) -> ActionResult:
    request = checked_request(response, "DescribeNotificationsForBudget", code=INVALID)
    some, token = paged(request, [each.details for each in existing_budget(response, request).notifications])
    return ActionResult({"Notifications": some, "NextToken": token})


def _with_defaults(details: Details) -> Details:
    return {"ThresholdType": "PERCENTAGE", "NotificationState": "OK", **details}


def _identity(details: Details) -> tuple[object, ...]:
    kind, operator = details["NotificationType"], details["ComparisonOperator"]
    return kind, operator, float(details["Threshold"]), details.get("ThresholdType", "PERCENTAGE")


def _existing(budget: Budget, details: Details) -> Notification:
    for each in budget.notifications:
        if _identity(each.details) == _identity(details):
            return each
    raise ApiError(code="NotFoundException", message="The notification doesn't exist.")


def _require_new(budget: Budget, details: Details) -> None:
    if any(_identity(each.details) == _identity(details) for each in budget.notifications):
        raise ApiError(code="DuplicateRecordException", message="The notification already exists.")
    if len(budget.notifications) >= _MOST_NOTIFICATIONS:
        message = f"A budget has at most {_MOST_NOTIFICATIONS} notifications."
        raise ApiError(code="CreationLimitExceededException", message=message)


def _require_few(subscribers: list[Subscriber]) -> None:
    for kind, most in _MOST_SUBSCRIBERS.items():
        if sum(each["SubscriptionType"] == kind for each in subscribers) > most:
            message = f"A notification has at most {most} subscribers of type {kind}."
            raise ApiError(code="CreationLimitExceededException", message=message)


def _set_subscribers(notification: Notification, subscribers: list[Subscriber]) -> None:
    _require_few(subscribers)
    notification.subscribers = subscribers  # type: ignore[assignment]  # moto intends a list of subscribers


def _subscribers(notification: Notification) -> list[Subscriber]:
    return list(notification.subscribers)  # type: ignore[arg-type]  # moto intends a list of subscribers


def _without(notification: Notification, subscriber: Subscriber) -> list[Subscriber]:
    subscribers = _subscribers(notification)
    if subscriber not in subscribers:
        raise ApiError(code="NotFoundException", message="The subscriber doesn't exist.")
    return [each for each in subscribers if each != subscriber]
