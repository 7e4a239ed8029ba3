"""Stack of budgets, cost alerts and the dashboard of an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.constructs.governance import (
    Budget,
    CostAllocationTags,
    CostAnomalyAlert,
    CostExport,
    Dashboard,
    SlackNotifications,
)
from mlinfra.declarations import SpendBudget, owner_budgets
from mlinfra.stack import MlStack

if TYPE_CHECKING:
    from mlinfra._cdk import App
    from mlinfra.declarations import Environment


class GovernanceStack(MlStack):
    """The budgets, the dashboard and the optional alerts that the environment's `governance` declares.

    Their messages are sent to the alert topic of the foundation stack.
    """

    def __init__(self, scope: App, environment: Environment) -> None:
        """Declare the stack for `environment`."""
        super().__init__(scope, environment, "governance")
        settings = environment.governance
        if settings.environment_budget:
            self.environment_budget = Budget(self, "budget", budget=_of_environment(environment))
            if settings.accelerator_stop:
                self.environment_budget.stop_accelerators(settings.accelerator_stop)
        owners = owner_budgets(environment.spend_limits.owners) if settings.owner_budgets else ()
        declared = (*owners, *settings.budgets)
        self.budgets = {each.name: Budget(self, f"budget-{each.name}", budget=each) for each in declared}
        if settings.activate_cost_allocation_tags:
            CostAllocationTags(self, "cost-allocation-tags", keys=settings.activate_cost_allocation_tags)
        if settings.anomalies:
            self.anomalies = CostAnomalyAlert(self, "anomalies", alert=settings.anomalies)
        if settings.cost_export:
            self.cost_export = CostExport(self, "cost-export", settings=settings.cost_export)
        if settings.slack:
            self.slack = SlackNotifications(self, "slack", channel=settings.slack)
        if settings.dashboard:
            self.dashboard = Dashboard(self, "dashboard")


def _of_environment(environment: Environment) -> SpendBudget:
    return SpendBudget(by="environment", value=environment.name, monthly_usd=environment.monthly_spend_limit_usd)
