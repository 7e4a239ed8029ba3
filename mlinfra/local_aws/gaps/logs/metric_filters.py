"""Gap: metric filters of a log group that are put again.

moto keeps the previous filter beside the new one and returns both. In AWS, the new filter replaces the
previous one. Source: CloudWatch Logs API reference, PutMetricFilter, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.logs.metric_filters import MetricFilters

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable


def is_open() -> bool:
    """True if moto keeps both filters."""
    filters = MetricFilters()
    for pattern in ("old", "new"):
        filters.add_filter("name", pattern, "group", "")
    return len(filters.metric_filters) > 1


def close() -> None:
    """Close the gap: replace the filter with the same name and group."""
    wrap(MetricFilters, "add_filter", _replace)


def _replace(
    original: Callable[..., None],
    filters: MetricFilters,
    filter_name: str,
    filter_pattern: str,
    *others: Any,  # noqa: ANN401  moto's arguments
) -> None:
    log_group_name = others[0]
    filters.metric_filters = [
        each
        for each in filters.metric_filters
        if (each["filterName"], each["logGroupName"]) != (filter_name, log_group_name)
    ]
    original(filters, filter_name, filter_pattern, *others)
