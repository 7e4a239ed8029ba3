"""Alerts of AWS Cost Anomaly Detection."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import ce_anomaly_monitor, ce_anomaly_subscription
from mlinfra.constructs.parts import environment_of
from mlinfra.declarations import BUDGET_TAGS

if TYPE_CHECKING:
    from mlinfra.declarations import AnomalyAlert, Environment

_EMPTY = ("And", "CostCategories", "Dimensions", "Not", "Or")
"""Members that AWS returns as null: without them each plan shows a difference."""


class CostAnomalyAlert(Construct):
    """Messages on the environment's alert topic about unusual cost.

    An account can have one monitor of all services, and many of a tag. Cost Explorer must be enabled in the account.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        alert: AnomalyAlert,
        environment: Environment | None = None,
    ) -> None:
        """Declare the monitor and the subscription.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            alert: the watched cost and the smallest impact.
            environment: the environment. Default: the environment of the enclosing MlStack.
        """
        environment = environment_of(scope, environment)
        super().__init__(scope, id)
        self._monitor = None if alert.monitor_arn else self._make_monitor(alert, environment)
        expression = ce_anomaly_subscription.CeAnomalySubscriptionThresholdExpression
        self._subscription = ce_anomaly_subscription.CeAnomalySubscription(
            self,
            "subscription",
            name=f"{environment.names.prefix}-anomalies",
            # IMMEDIATE is the frequency of SNS topics, DAILY and WEEKLY are those of e-mail. Source: Cost Explorer API
            # reference, AnomalySubscription, read 2026-11-29.
            frequency="IMMEDIATE",
            monitor_arn_list=[alert.monitor_arn or str(self._monitor.arn if self._monitor else "")],
            subscriber=[
                ce_anomaly_subscription.CeAnomalySubscriptionSubscriber(
                    type="SNS", address=environment.names.alerts_topic_arn
                )
            ],
            threshold_expression=expression(
                dimension=ce_anomaly_subscription.CeAnomalySubscriptionThresholdExpressionDimension(
                    key="ANOMALY_TOTAL_IMPACT_ABSOLUTE",
                    match_options=["GREATER_THAN_OR_EQUAL"],
                    values=[f"{alert.minimum_usd:g}"],
                )
            ),
        )

    @property
    def monitor(self) -> ce_anomaly_monitor.CeAnomalyMonitor | None:
        """The monitor. None: an existing one is used."""
        return self._monitor

    @property
    def subscription(self) -> ce_anomaly_subscription.CeAnomalySubscription:
        """The subscription of the alert topic."""
        return self._subscription

    def _make_monitor(self, alert: AnomalyAlert, environment: Environment) -> ce_anomaly_monitor.CeAnomalyMonitor:
        if alert.watch == "services":
            return ce_anomaly_monitor.CeAnomalyMonitor(
                self,
                "monitor",
                name=f"{environment.names.prefix}-services",
                monitor_type="DIMENSIONAL",
                monitor_dimension="SERVICE",
            )
        tag = {"Key": BUDGET_TAGS["environment"], "MatchOptions": None, "Values": [environment.name]}
        return ce_anomaly_monitor.CeAnomalyMonitor(
            self,
            "monitor",
            name=f"{environment.names.prefix}-environment",
            monitor_type="CUSTOM",
            monitor_specification=json.dumps({**dict.fromkeys(_EMPTY), "Tags": tag}, sort_keys=True),
        )
