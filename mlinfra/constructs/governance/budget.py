"""Monthly budgets in AWS Budgets, and the action at 100 % that denies new accelerators."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import budgets_budget, budgets_budget_action
from mlinfra.constructs.governance.accelerator_denial import denial_policy_arn, denial_role_arn
from mlinfra.constructs.parts import environment_of
from mlinfra.declarations import BUDGET_TAGS

if TYPE_CHECKING:
    from mlinfra.declarations import AcceleratorStop, Environment, SpendBudget

THRESHOLDS_PERCENT = (50, 80, 100)
"""The parts of a budget at which it notifies, once for the actual and once for the forecast cost: 6 notifications of
the 10 that a budget can have. Source: AWS Budgets API reference, Notification, read 2026-11-29."""


class Budget(Construct):
    """A monthly cost budget, with notifications at 50, 80 and 100 % of actual and forecast cost.

    A budget by tag counts only what was billed after the tag was activated for cost allocation in the management
    account of the organization. Before that it counts nothing. AWS updates it up to three times a day. Notifications
    are sent to the environment's alert topic. Credits and refunds are not deducted.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        budget: SpendBudget,
        environment: Environment | None = None,
    ) -> None:
        """Declare the budget.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            budget: the subject, the amount and further recipients.
            environment: the environment, which names the alert topic. Default: the environment of the enclosing
                MlStack.
        """
        environment = environment_of(scope, environment)
        super().__init__(scope, id)
        self._environment = environment
        self._budget = budgets_budget.BudgetsBudget(
            self,
            "budget",
            name=f"{environment.names.prefix}-{budget.name}",
            budget_type="COST",
            limit_amount=_amount(budget.monthly_usd),
            limit_unit="USD",
            time_unit="MONTHLY",
            cost_filter=_filters(budget),
            # Credits would hide the cost of resources until they are used up.
            cost_types=budgets_budget.BudgetsBudgetCostTypes(include_credit=False, include_refund=False),
            notification=[
                budgets_budget.BudgetsBudgetNotification(
                    notification_type=kind,
                    comparison_operator="GREATER_THAN",
                    threshold=percent,
                    threshold_type="PERCENTAGE",
                    subscriber_sns_topic_arns=[environment.names.alerts_topic_arn],
                    subscriber_email_addresses=list(budget.notify) or None,
                )
                for kind in ("ACTUAL", "FORECASTED")
                for percent in THRESHOLDS_PERCENT
            ],
        )

    @property
    def budget(self) -> budgets_budget.BudgetsBudget:
        """The budget itself."""
        return self._budget

    def stop_accelerators(self, stop: AcceleratorStop) -> budgets_budget_action.BudgetsBudgetAction:
        """Attach a policy that denies new accelerators to roles once the actual cost exceeds the budget.

        The environment's state stack contains the policy and the role of AWS Budgets (`AcceleratorDenial`).

        Args:
            stop: the roles, the approval and further recipients.
        """
        action, environment = budgets_budget_action, self._environment
        return action.BudgetsBudgetAction(
            self,
            "accelerator-stop",
            budget_name=self._budget.name,
            action_type="APPLY_IAM_POLICY",
            approval_model=stop.approval,
            notification_type="ACTUAL",
            execution_role_arn=denial_role_arn(environment),
            action_threshold=action.BudgetsBudgetActionActionThreshold(
                action_threshold_type="PERCENTAGE", action_threshold_value=100
            ),
            definition=action.BudgetsBudgetActionDefinition(
                iam_action_definition=action.BudgetsBudgetActionDefinitionIamActionDefinition(
                    policy_arn=denial_policy_arn(environment), roles=list(stop.roles)
                )
            ),
            subscriber=[
                action.BudgetsBudgetActionSubscriber(
                    subscription_type="SNS", address=environment.names.alerts_topic_arn
                ),
                *(
                    action.BudgetsBudgetActionSubscriber(subscription_type="EMAIL", address=address)
                    for address in stop.notify
                ),
            ],
        )


def _filters(budget: SpendBudget) -> list[budgets_budget.BudgetsBudgetCostFilter] | None:
    if budget.by == "account":
        return None
    # Without the prefix `user:` the budget counts nothing. Source: Cost Management user guide, "Budget filters", read
    # 2026-11-29; https://github.com/hashicorp/terraform-provider-aws/issues/40987.
    value = f"user:{BUDGET_TAGS[budget.by]}${budget.value}"
    return [budgets_budget.BudgetsBudgetCostFilter(name="TagKeyValue", values=[value])]


def _amount(usd: float) -> str:
    """The amount in the form in which AWS returns it, without an exponent."""
    return f"{Decimal(str(usd)):f}".removesuffix(".0")
