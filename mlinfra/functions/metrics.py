"""GPU and CPU utilization of nodes, from CloudWatch."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mlinfra.functions.clients import FAILURES, error_code
from mlinfra.functions.contract import Metric

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from mlinfra.functions.clients import Clients

_QUERIES_A_CALL = 500
"""The limit of GetMetricData (CloudWatch API reference, read 2026-11-24)."""
_COMPLETE = "Complete"


@dataclass(frozen=True)
class Source:
    """A metric with a value for each instance, in percent."""

    kind: str
    """Its name in messages."""
    namespace: str
    name: str
    statistic: str
    period: timedelta


GPU = Source("GPU", Metric.NAMESPACE, Metric.GPU_UTILISATION, "Maximum", timedelta(minutes=1))
"""The utilization of the busiest GPU, from the CloudWatch agent of the node."""
CPU = Source("CPU", Metric.EC2_NAMESPACE, Metric.CPU_UTILISATION, "Average", timedelta(minutes=5))
"""The utilization of all CPUs, from EC2, without any program on the node.

Basic monitoring has values of 5 minutes. Source: EC2 user guide, "CloudWatch metrics that are available for your
instances", read 2026-11-29.
"""


@dataclass
class History:
    """The utilization of a node."""

    readings: dict[datetime, float] = field(default_factory=dict)
    """Percent, by the beginning of the period."""
    problem: str | None = None
    """The reason why readings may be missing. None: the readings are complete."""


def beginning(now: datetime, window: timedelta) -> datetime:
    """The beginning of a window that ends at `now`, rounded down to the minute as CloudWatch's periods are."""
    return now.replace(second=0, microsecond=0) - window


def histories(
    clients: Clients, windows: Mapping[str, timedelta], now: datetime, source: Source = GPU
) -> dict[str, History]:
    """The histories of nodes, in as few calls as possible.

    Args:
        clients: the AWS clients.
        windows: the length of the window, by instance id.
        now: the end of all windows. The current, incomplete period is included.
        source: the metric. Default: the GPU utilization.

    Returns:
        A history for each instance. A failed call is a problem of each instance in it.
    """
    answers = {instance_id: History() for instance_id in windows}
    for window in sorted(set(windows.values())):
        ids = sorted(each for each, its_window in windows.items() if its_window == window)
        for start in range(0, len(ids), _QUERIES_A_CALL):
            some = ids[start : start + _QUERIES_A_CALL]
            _read(clients, [(each, answers[each]) for each in some], beginning(now, window), now, source)
    return answers


def _read(
    clients: Clients, nodes: Sequence[tuple[str, History]], start: datetime, now: datetime, source: Source
) -> None:
    status: dict[str, str] = {}
    problem = None
    try:
        for result in _results(clients, [instance_id for instance_id, _ in nodes], start, now, source):
            history = nodes[int(result["Id"][1:])][1]
            status[result["Id"]] = result.get("StatusCode", _COMPLETE)
            for moment, value in zip(result["Timestamps"], result["Values"], strict=True):
                history.readings[moment] = max(value, history.readings.get(moment, value))
    except FAILURES as error:
        problem = f"its {source.kind} metrics could not be read: {error_code(error)}"
    except (IndexError, KeyError, TypeError, ValueError) as error:
        problem = f"CloudWatch's response about its {source.kind} metrics could not be parsed: {error!r}"
    for index, (_, history) in enumerate(nodes):
        last = status.get(f"n{index}", "no result")
        if problem:
            history.problem = problem
        elif last != _COMPLETE:
            history.problem = f"CloudWatch returned incomplete {source.kind} metrics: {last}"


def _results(
    clients: Clients, instance_ids: Sequence[str], start: datetime, now: datetime, source: Source
) -> Iterator[dict[str, Any]]:
    """The results of all pages. A partial result on one page may be completed on the next."""
    arguments: dict[str, Any] = {
        "MetricDataQueries": [
            _query(f"n{index}", instance_id, source) for index, instance_id in enumerate(instance_ids)
        ],
        "StartTime": start,
        # The end is exclusive and rounded down to the minute: without this the current minute would be missing.
        "EndTime": beginning(now, timedelta(0)) + timedelta(minutes=1),
        "ScanBy": "TimestampAscending",
    }
    while True:
        page = clients.cloudwatch.get_metric_data(**arguments)
        yield from page["MetricDataResults"]
        if not page.get("NextToken"):
            return
        arguments["NextToken"] = page["NextToken"]


def _query(name: str, instance_id: str, source: Source) -> dict[str, Any]:
    return {
        "Id": name,
        "MetricStat": {
            "Metric": {
                "Namespace": source.namespace,
                "MetricName": source.name,
                "Dimensions": [{"Name": Metric.INSTANCE, "Value": instance_id}],
            },
            "Period": int(source.period.total_seconds()),
            "Stat": source.statistic,
        },
    }
