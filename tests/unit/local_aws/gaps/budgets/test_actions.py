"""Actions of budgets."""

from __future__ import annotations

from typing import Any

from tests.unit.local_aws.conftest import error_code
from tests.unit.local_aws.gaps.budgets.conftest import ACCOUNT, ANA, BUDGET

ARN = "arn:aws:budgets::123456789012:budget/team"


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


def test_a_new_action_has_the_status_standby_and_can_be_changed(budgets: Any) -> None:
    created = budgets.create_budget_action(**an_action(), ResourceTags=[{"Key": "Team", "Value": "ml"}])
    named = {**BUDGET, "ActionId": created["ActionId"]}
    assert budgets.describe_budget_action(**named)["Action"]["Status"] == "STANDBY"
    changed = budgets.update_budget_action(**named, ApprovalModel="MANUAL")
    assert (changed["OldAction"]["ApprovalModel"], changed["NewAction"]["ApprovalModel"]) == ("AUTOMATIC", "MANUAL")
    arn = f"{ARN}/action/{created['ActionId']}"
    assert budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"] == [{"Key": "Team", "Value": "ml"}]
    assert len(budgets.describe_budget_actions_for_budget(**BUDGET)["Actions"]) == 1
    budgets.delete_budget_action(**named)
    assert error_code(budgets.describe_budget_action, **named) == "NotFoundException"


def test_an_action_is_deleted_with_its_budget(budgets: Any) -> None:
    created = budgets.create_budget_action(**an_action())
    budgets.delete_budget(**BUDGET)
    gone = error_code(budgets.describe_budget_action, **BUDGET, ActionId=created["ActionId"])
    assert gone == "NotFoundException"
    assert budgets.describe_budget_actions_for_account(**ACCOUNT)["Actions"] == []


def test_a_definition_of_another_action_type_is_refused(budgets: Any) -> None:
    wrong = an_action(ActionType="RUN_SSM_DOCUMENTS")
    assert error_code(budgets.create_budget_action, **wrong) == "InvalidParameterException"
    assert error_code(budgets.create_budget_action, **an_action(BudgetName="none")) == "NotFoundException"
