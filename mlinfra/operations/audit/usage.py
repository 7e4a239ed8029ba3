"""Use of resources, from CloudWatch."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from mlinfra.operations.audit.scan import FAILURES, THREADS, failed_read

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from mlinfra.operations.audit.found import Found, Metric
    from mlinfra.operations.audit.item import FailedRead
    from mlinfra.operations.audit.scan import RegionalClients

_QUERIES_A_CALL: Final = 500
"""The limit of GetMetricData (CloudWatch API reference, read 2026-11-29)."""

IDLE_GPU_PERCENT: Final = 5.0
IDLE_CPU_PERCENT: Final = 1.0
"""The mean of each hour below which a GPU, or the CPUs of an instance without GPU metrics, are idle, in percent."""
_MINIMUM_HOURS: Final = 6
"""The number of hours with metrics that are required for a decision."""
_MINIMUM_DAYS: Final = 3


@dataclass
class Usage:
    """The values of the metrics of one resource, by purpose. Several metrics of a purpose are separate series."""

    values: dict[str, list[list[float]]] = field(default_factory=lambda: defaultdict(list))

    def maximum(self, purpose: str) -> float | None:
        """The maximum over all series of the mean of a series. None: there are no values."""
        means = [sum(each) / len(each) for each in self.values.get(purpose, ()) if each]
        return max(means, default=None)


def idle_reason(usages: Sequence[Usage], *, has_accelerators: bool) -> str:
    """The reason why instances are idle. Empty: they are used, or their use is unknown.

    Args:
        usages: the use of each instance.
        has_accelerators: True if the instances have accelerators.
    """
    if not usages:
        return ""
    gpu = [_hours(each, "gpu") for each in usages]
    if has_accelerators and any(gpu):
        enough = all(len(each) >= _MINIMUM_HOURS for each in gpu)
        is_idle = enough and all(value < IDLE_GPU_PERCENT for each in gpu for value in each)
        return f"GPU utilization was below {IDLE_GPU_PERCENT:g}% in every hour of the last day." if is_idle else ""
    cpu = [_hours(each, "cpu") for each in usages]
    if all(len(each) >= _MINIMUM_HOURS for each in cpu) and all(v < IDLE_CPU_PERCENT for each in cpu for v in each):
        missing = " There are no GPU metrics." if has_accelerators else ""
        return f"CPU utilization was below {IDLE_CPU_PERCENT:g}% in every hour of the last day.{missing}"
    return ""


def unrequested_reason(usage: Usage | None, launched: datetime | None, now: datetime) -> str:
    """The reason why an endpoint is idle. Empty: it is used, or its use is unknown.

    CloudWatch has no values for days without requests.

    Args:
        usage: the requests to its variants.
        launched: its creation.
        now: the present time.
    """
    series = usage.values.get("requests") if usage else None
    if series is None or launched is None or now - launched < timedelta(days=_MINIMUM_DAYS):
        return ""
    return "" if any(value for each in series for value in each) else "There were no requests in the last 7 days."


def _hours(usage: Usage, purpose: str) -> list[float]:
    return [value for series in usage.values.get(purpose, ()) for value in series]


def read_usage(
    clients: RegionalClients, found: Iterable[Found], now: datetime
) -> tuple[dict[tuple[str, str, str], Usage], list[FailedRead]]:
    """The use of all resources with metrics, by their keys, and the failures.

    Args:
        clients: the clients.
        found: the resources.
        now: the end of all windows.
    """
    batches: dict[tuple[str, timedelta], list[tuple[tuple[str, str, str], Metric]]] = defaultdict(list)
    for each in found:
        for metric in each.metrics:
            batches[each.region, metric.window].append((each.key, metric))
    calls = [
        (region, window, queries[start : start + _QUERIES_A_CALL])
        for (region, window), queries in batches.items()
        for start in range(0, len(queries), _QUERIES_A_CALL)
    ]
    usage: dict[tuple[str, str, str], Usage] = defaultdict(Usage)
    failed: list[FailedRead] = []

    def read(call: tuple[str, timedelta, Any]) -> tuple[list[list[float]] | None, FailedRead | None]:
        region, window, queries = call
        try:
            return _series(
                clients.get("cloudwatch", region), [metric for _, metric in queries], now - window, now
            ), None
        except (*FAILURES, KeyError, TypeError, ValueError, IndexError) as error:
            return None, failed_read(region, "cloudwatch", error, ("utilization",))

    with ThreadPoolExecutor(THREADS) as pool:
        for (_, _, queries), (series, failure) in zip(calls, pool.map(read, calls), strict=True):
            if failure:
                failed.append(failure)
            for (key, metric), values in zip(queries, series or (), strict=False):
                usage[key].values[metric.purpose].append(values)
    return dict(usage), failed


def _series(cloudwatch: Any, metrics: Sequence[Metric], start: datetime, end: datetime) -> list[list[float]]:  # noqa: ANN401  boto3 makes its clients at run time
    found: list[list[float]] = [[] for _ in metrics]
    queries = [_query(number, metric) for number, metric in enumerate(metrics)]
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, StartTime=start, EndTime=end
    )
    for page in pages:
        for each in page["MetricDataResults"]:
            found[int(each["Id"][1:])] += each["Values"]
    return found


def _query(number: int, metric: Metric) -> Mapping[str, Any]:
    return {
        "Id": f"m{number}",
        "MetricStat": {
            "Metric": {
                "Namespace": metric.namespace,
                "MetricName": metric.name,
                "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions.items()],
            },
            "Period": int(metric.period.total_seconds()),
            "Stat": metric.statistic,
        },
    }
