"""Cost Explorer client without monitors and subscriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def ce(client: Callable[..., Any]) -> Any:
    """Cost Explorer client, without monitors and subscriptions."""
    ce = client("ce")
    for each in ce.get_anomaly_subscriptions()["AnomalySubscriptions"]:
        ce.delete_anomaly_subscription(SubscriptionArn=each["SubscriptionArn"])
    for each in ce.get_anomaly_monitors()["AnomalyMonitors"]:
        ce.delete_anomaly_monitor(MonitorArn=each["MonitorArn"])
    return ce
