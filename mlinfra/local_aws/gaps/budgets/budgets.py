"""Gap: update, validation and pages of budgets.

moto cannot update a budget and validates nothing. In AWS, an update replaces the budget and keeps its
notifications, and budgets are listed in pages. Source: AWS Budgets API reference, CreateBudget, UpdateBudget,
DescribeBudgets, DeleteBudget and Budget, read 2026-11-24.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.budgets.models import Budget
from moto.budgets.responses import BudgetsResponse
from moto.core.responses import ActionResult, EmptyResult

from mlinfra.local_aws.gaps.budgets.tags import forget_tags, put_tags
from mlinfra.local_aws.mechanisms.api_model import ApiError, checked_request
from mlinfra.local_aws.mechanisms.extending import add_operations, wrap
from mlinfra.local_aws.mechanisms.pages import requested_page

if TYPE_CHECKING:
    from collections.abc import Callable

INVALID = "InvalidParameterException"
_PAGE = 100


def is_open() -> bool:
    """True if moto cannot update a budget."""
    return not hasattr(BudgetsResponse, "update_budget")


def close() -> None:
    """Close the gap: add UpdateBudget, and validate budgets."""
    wrap(Budget, "__init__", _with_adjusted_limit)
    wrap(BudgetsResponse, "create_budget", _create)
    wrap(BudgetsResponse, "delete_budget", _delete)
    wrap(BudgetsResponse, "describe_budgets", _describe_all)
    add_operations(BudgetsResponse, update_budget)


def budget_arn(response: BudgetsResponse, name: str) -> str:
    """The ARN of a budget."""
    return f"arn:{response.partition}:budgets::{response.current_account}:budget/{name}"


def existing_budget(response: BudgetsResponse, request: dict[str, Any]) -> Budget:
    """The budget that a request names.

    Raises:
        ApiError: NotFoundException.
    """
    budgets = response.backend.budgets[request["AccountId"]]
    name = request["BudgetName"]
    if name not in budgets:
        message = f"Unable to get budget: {name} - the budget doesn't exist."
        raise ApiError(code="NotFoundException", message=message)
    return budgets[name]


def paged(request: dict[str, Any], items: list[Any]) -> tuple[list[Any], str | None]:
    """The page that a request asks for, and the token of the next page."""
    return requested_page(request, items, default_size=_PAGE)


def update_budget(self: BudgetsResponse) -> EmptyResult:
    """Replace a budget and keep its notifications."""
    request = checked_request(self, "UpdateBudget", code=INVALID)
    name = request["NewBudget"]["BudgetName"]
    budget = existing_budget(self, {"AccountId": request["AccountId"], "BudgetName": name})
    # moto keeps a budget as the JSON of the request, with times as numbers.
    new = json.loads(self.body)["NewBudget"]
    _require_limit(new)
    budget.budget = Budget({"TimePeriod": budget.budget["TimePeriod"], **new}, []).budget
    return EmptyResult()


def _create(original: Callable[[BudgetsResponse], str], response: BudgetsResponse) -> str:
    request = checked_request(response, "CreateBudget", code=INVALID)
    _require_limit(request["Budget"])
    answer = original(response)
    put_tags(response, budget_arn(response, request["Budget"]["BudgetName"]), request.get("ResourceTags", []))
    return answer


def _delete(original: Callable[[BudgetsResponse], str], response: BudgetsResponse) -> str:
    request = checked_request(response, "DeleteBudget", code=INVALID)
    answer = original(response)
    forget_tags(response, budget_arn(response, request["BudgetName"]))
    return answer


def _describe_all(_original: Callable[[BudgetsResponse], str], response: BudgetsResponse) -> ActionResult:
    request = checked_request(response, "DescribeBudgets", code=INVALID)
    budgets = [each.to_dict() for each in response.backend.budgets[request["AccountId"]].values()]
    some, token = paged(request, budgets)
    return ActionResult({"Budgets": some, "NextToken": token})


def _with_adjusted_limit(original: Callable[..., None], self: Budget, budget: dict[str, Any], *others: Any) -> None:  # noqa: ANN401  moto's
    # An auto-adjusting limit follows the spend, and the local AWS has none.
    if budget.get("AutoAdjustData"):
        budget = {"BudgetLimit": {"Amount": "0", "Unit": "USD"}, **budget}
    original(self, budget, *others)


def _require_limit(budget: dict[str, Any]) -> None:
    given = [name for name in ("BudgetLimit", "PlannedBudgetLimits", "AutoAdjustData") if budget.get(name)]
    if len(given) != 1:
        one = "please provide one of the followings: Budget Limit/ Planned Budget Limit/ Auto Adjust Data"
        raise ApiError(code=INVALID, message=f"Unable to create/update budget - {one}")
