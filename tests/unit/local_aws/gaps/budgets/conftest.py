"""A budget with one notification, and requests for budgets and actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ACCOUNT = {"AccountId": "123456789012"}


BUDGET = {**ACCOUNT, "BudgetName": "team"}


AT_80 = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80.0}


ANA = {"SubscriptionType": "EMAIL", "Address": "ana@example.com"}


def a_budget(**changes: Any) -> dict[str, Any]:
    limit = {"Amount": "15000", "Unit": "USD"}
    return {"BudgetName": "team", "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": limit, **changes}


@pytest.fixture
def budgets(client: Callable[..., Any]) -> Iterator[Any]:
    """Budgets client, with one budget of a team that notifies ana at 80 percent."""
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


def subscribers(budgets: Any, notification: dict[str, Any] = AT_80) -> Any:
    return budgets.describe_subscribers_for_notification(**BUDGET, Notification=notification)["Subscribers"]
