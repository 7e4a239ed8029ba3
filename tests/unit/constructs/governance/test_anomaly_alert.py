"""Monitors and subscriptions of Cost Anomaly Detection."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mlinfra import AnomalyAlert, CostAnomalyAlert

if TYPE_CHECKING:
    from mlinfra.testing import Synth, Template

ARN = "arn:aws:ce::111111111111:anomalymonitor/0b6d3c1e-7d2a-4b7f-9a51-3f0f6a8f2c11"


def made(synth: Synth, **values: Any) -> Template:
    return synth.constructs(lambda stack: CostAnomalyAlert(stack, "anomalies", alert=AnomalyAlert(**values)))


def test_by_default_it_watches_the_tag_of_the_environment(synth: Synth) -> None:
    """AWS allows one monitor of all services in an account, and makes it itself."""
    monitor = made(synth).one("aws_ce_anomaly_monitor")
    assert monitor["monitor_type"] == "CUSTOM"
    specification = json.loads(monitor["monitor_specification"])
    assert specification["Tags"] == {"Key": "Environment", "MatchOptions": None, "Values": ["dev"]}


def test_it_can_watch_all_services_or_an_existing_monitor(synth: Synth) -> None:
    monitor = made(synth, watch="services").one("aws_ce_anomaly_monitor")
    assert (monitor["monitor_type"], monitor["monitor_dimension"]) == ("DIMENSIONAL", "SERVICE")
    existing = made(synth, monitor_arn=ARN)
    existing.has_no_resource("aws_ce_anomaly_monitor")
    assert existing.one("aws_ce_anomaly_subscription")["monitor_arn_list"] == [ARN]


def test_the_alert_topic_receives_each_anomaly_above_the_impact_at_once(synth: Synth) -> None:
    subscription = made(synth, minimum_usd=250).one("aws_ce_anomaly_subscription")
    assert subscription["frequency"] == "IMMEDIATE"
    assert subscription["subscriber"] == [
        {"type": "SNS", "address": "arn:aws:sns:us-east-1:111111111111:recsys-dev-alerts"}
    ]
    assert subscription["threshold_expression"]["dimension"]["values"] == ["250"]
