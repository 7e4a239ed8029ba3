"""Metric filters of log groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_metric_filter_that_is_put_again_is_replaced(client: Callable[..., Any]) -> None:
    logs = client("logs")
    logs.create_log_group(logGroupName="filtered")
    for pattern in ("FATAL", "ERROR"):
        logs.put_metric_filter(
            logGroupName="filtered",
            filterName="errors",
            filterPattern=pattern,
            metricTransformations=[{"metricName": "Errors", "metricNamespace": "Test", "metricValue": "1"}],
        )
    (found,) = logs.describe_metric_filters(logGroupName="filtered")["metricFilters"]
    assert found["filterPattern"] == "ERROR"
