"""Governance of an environment: budgets, anomaly alerts, cost-allocation tags, chat notifications and the dashboard."""

from __future__ import annotations

from mlinfra.constructs.governance.accelerator_denial import AcceleratorDenial
from mlinfra.constructs.governance.anomaly_alert import CostAnomalyAlert
from mlinfra.constructs.governance.budget import Budget
from mlinfra.constructs.governance.cost_allocation_tags import CostAllocationTags
from mlinfra.constructs.governance.cost_export import CostExport
from mlinfra.constructs.governance.dashboard import Dashboard
from mlinfra.constructs.governance.slack_notifications import SlackNotifications

__all__ = [
    "AcceleratorDenial",
    "Budget",
    "CostAllocationTags",
    "CostAnomalyAlert",
    "CostExport",
    "Dashboard",
    "SlackNotifications",
]
