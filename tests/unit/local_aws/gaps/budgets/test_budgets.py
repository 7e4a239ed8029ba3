"""Budgets: limits, updates and pages."""

from __future__ import annotations

from typing import Any

from tests.unit.local_aws.conftest import error_code
from tests.unit.local_aws.gaps.budgets.conftest import ACCOUNT, ANA, BUDGET, a_budget, subscribers


def test_an_update_replaces_the_budget_and_keeps_its_notifications(budgets: Any) -> None:
    new = a_budget(BudgetLimit={"Amount": "20000", "Unit": "USD"}, CostFilters={"Service": ["Amazon FSx"]})
    budgets.update_budget(**ACCOUNT, NewBudget=new)
    found = budgets.describe_budget(**BUDGET)["Budget"]
    assert (found["BudgetLimit"]["Amount"], found["CostFilters"]) == ("20000", {"Service": ["Amazon FSx"]})
    assert subscribers(budgets) == [ANA]


def test_a_budget_has_one_kind_of_limit(budgets: Any) -> None:
    create = budgets.create_budget
    without = {name: value for name, value in a_budget(BudgetName="other").items() if name != "BudgetLimit"}
    assert error_code(create, **ACCOUNT, Budget=without) == "InvalidParameterException"
    adjusting = {"AutoAdjustType": "FORECAST"}
    assert error_code(create, **ACCOUNT, Budget=a_budget(AutoAdjustData=adjusting)) == "InvalidParameterException"
    create(**ACCOUNT, Budget={**without, "AutoAdjustData": adjusting})


def test_an_invalid_enumeration_value_is_refused(budgets: Any) -> None:
    assert (
        error_code(budgets.create_budget, **ACCOUNT, Budget=a_budget(TimeUnit="WEEKLY")) == "InvalidParameterException"
    )


def test_a_duplicate_budget_is_refused(budgets: Any) -> None:
    assert error_code(budgets.create_budget, **ACCOUNT, Budget=a_budget()) == "DuplicateRecordException"


def test_an_unknown_budget_is_not_found(budgets: Any) -> None:
    none = {**ACCOUNT, "BudgetName": "none"}
    new = a_budget(BudgetName="none")
    assert error_code(budgets.update_budget, **ACCOUNT, NewBudget=new) == "NotFoundException"
    assert error_code(budgets.describe_notifications_for_budget, **none) == "NotFoundException"


def test_budgets_are_listed_in_pages(budgets: Any) -> None:
    budgets.create_budget(**ACCOUNT, Budget=a_budget(BudgetName="other"))
    first = budgets.describe_budgets(**ACCOUNT, MaxResults=1)
    rest = budgets.describe_budgets(**ACCOUNT, MaxResults=1, NextToken=first["NextToken"])
    assert [each["BudgetName"] for each in first["Budgets"] + rest["Budgets"]] == ["team", "other"]
    assert error_code(budgets.describe_budgets, **ACCOUNT, NextToken="none!") == "InvalidNextTokenException"
