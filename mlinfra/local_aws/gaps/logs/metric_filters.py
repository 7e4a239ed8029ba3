"""Metric filters of a log group, put a second time.

moto keeps the old one beside the new, and gives back both. In AWS the new one takes its place. Source:
CloudWatch Logs API reference, PutMetricFilter, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.logs.metric_filters import MetricFilters

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable


def is_open() -> bool:
    """Whether moto still keeps both."""
    filters = MetricFilters()
    for pattern in ("old", "new"):
        filters.add_filter("name", pattern, "group", "")
    return len(filters.metric_filters) > 1


def close() -> None:
    """Replace a filter of the same name and group."""
    wrap(MetricFilters, "add_filter", _replace)


def _replace(
    original: Callable[..., None],
    filters: MetricFilters,
    filter_name: str,
    filter_pattern: str,
    *others: Any,  # noqa: ANN401  moto passes on what was put
) -> None:
    log_group_name = others[0]
    filters.metric_filters = [
        each
        for each in filters.metric_filters
        if (each["filterName"], each["logGroupName"]) != (filter_name, log_group_name)
    ]
    original(filters, filter_name, filter_pattern, *others)
