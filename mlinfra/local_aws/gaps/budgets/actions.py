"""Gap: actions of a budget, such as denying permissions once a threshold is exceeded.

moto has none. In AWS, an action is in the status STANDBY until its threshold is exceeded; the local AWS has
no spend, so the status does not change. An action is deleted with its budget. Source: AWS Budgets API
reference, CreateBudgetAction, DescribeBudgetAction, DescribeBudgetActionsForBudget,
DescribeBudgetActionsForAccount, UpdateBudgetAction, DeleteBudgetAction and Action, read 2026-11-24.
"""

from __future__ import annotations

import uuid
from typing import Any

from moto.budgets.responses import BudgetsResponse
from moto.core.responses import ActionResult

from mlinfra.local_aws.gaps.budgets.budgets import INVALID, budget_arn, existing_budget, paged
from mlinfra.local_aws.gaps.budgets.tags import forget_tags, put_tags
from mlinfra.local_aws.mechanisms.api_model import ApiError, checked_request
from mlinfra.local_aws.mechanisms.extending import add_operations, kept

Action = dict[str, Any]

_DEFINITIONS = {
    "APPLY_IAM_POLICY": "IamActionDefinition",
    "APPLY_SCP_POLICY": "ScpActionDefinition",
    "RUN_SSM_DOCUMENTS": "SsmActionDefinition",
}


def is_open() -> bool:
    """True if moto has no budget actions."""
    return not hasattr(BudgetsResponse, "create_budget_action")


def close() -> None:
    """Close the gap: add the operations on actions."""
    add_operations(
        BudgetsResponse,
        create_budget_action,
        describe_budget_action,
        describe_budget_actions_for_budget,
        describe_budget_actions_for_account,
        update_budget_action,
        delete_budget_action,
    )


def create_budget_action(self: BudgetsResponse) -> ActionResult:
    """Add an action to a budget."""
    request = checked_request(self, "CreateBudgetAction", code=INVALID)
    existing_budget(self, request)
    _require_definition(request["ActionType"], request["Definition"])
    identifier = str(uuid.uuid4())
    tags, account_id = request.pop("ResourceTags", []), request.pop("AccountId")
    _actions(self)[account_id, request["BudgetName"], identifier] = {
        **request,
        "ActionId": identifier,
        "Status": "STANDBY",
    }
    put_tags(self, _arn(self, request["BudgetName"], identifier), tags)
    return ActionResult({"AccountId": account_id, "BudgetName": request["BudgetName"], "ActionId": identifier})


def describe_budget_action(self: BudgetsResponse) -> ActionResult:
    """Describe one action."""
    request = checked_request(self, "DescribeBudgetAction", code=INVALID)
    return ActionResult({**_named(request), "Action": _existing(self, request)})


def describe_budget_actions_for_budget(self: BudgetsResponse) -> ActionResult:
    """Describe the actions of a budget, in pages."""
    request = checked_request(self, "DescribeBudgetActionsForBudget", code=INVALID)
    existing_budget(self, request)
    found = [each for key, each in _actions(self).items() if key[:2] == (request["AccountId"], request["BudgetName"])]
    some, token = paged(request, found)
    return ActionResult({"Actions": some, "NextToken": token})


def describe_budget_actions_for_account(self: BudgetsResponse) -> ActionResult:
    """Describe all actions of an account, in pages."""
    request = checked_request(self, "DescribeBudgetActionsForAccount", code=INVALID)
    found = [each for key, each in _actions(self).items() if key[0] == request["AccountId"]]
    some, token = paged(request, found)
    return ActionResult({"Actions": some, "NextToken": token})


def update_budget_action(self: BudgetsResponse) -> ActionResult:
    """Change an action."""
    request = checked_request(self, "UpdateBudgetAction", code=INVALID)
    action = _existing(self, request)
    _require_definition(action["ActionType"], request.get("Definition") or action["Definition"])
    old = dict(action)
    action.update({name: value for name, value in request.items() if name not in {"AccountId", "ActionId"}})
    return ActionResult({**_named(request), "OldAction": old, "NewAction": action})


def delete_budget_action(self: BudgetsResponse) -> ActionResult:
    """Delete an action."""
    request = checked_request(self, "DeleteBudgetAction", code=INVALID)
    action = _existing(self, request)
    del _actions(self)[request["AccountId"], request["BudgetName"], request["ActionId"]]
    forget_tags(self, _arn(self, request["BudgetName"], request["ActionId"]))
    return ActionResult({**_named(request), "Action": action})


def _named(request: dict[str, Any]) -> dict[str, str]:
    return {name: request[name] for name in ("AccountId", "BudgetName")}


def _arn(response: BudgetsResponse, budget_name: str, identifier: str) -> str:
    return f"{budget_arn(response, budget_name)}/action/{identifier}"


def _require_definition(action_type: str, definition: dict[str, Any]) -> None:
    wanted = _DEFINITIONS[action_type]
    if list(definition) != [wanted]:
        message = f"The definition of an action of type {action_type} is {wanted}, and no other."
        raise ApiError(code=INVALID, message=message)


def _existing(response: BudgetsResponse, request: dict[str, Any]) -> Action:
    found = _actions(response).get((request["AccountId"], request["BudgetName"], request["ActionId"]))
    if found is None:
        message = f"Unable to get action: {request['ActionId']} - the action doesn't exist."
        raise ApiError(code="NotFoundException", message=message)
    return found


def _actions(response: BudgetsResponse) -> dict[tuple[str, str, str], Action]:
    """The actions by account, budget and id, without those of deleted budgets."""
    actions: dict[tuple[str, str, str], Action] = kept(response.backend, "actions", dict)
    for account_id, name, identifier in list(actions):
        if name not in response.backend.budgets[account_id]:
            del actions[account_id, name, identifier]
    return actions
