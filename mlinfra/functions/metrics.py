"""GPU utilization of nodes, from CloudWatch."""

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
_PERIOD_SECONDS = 60
_COMPLETE = "Complete"


@dataclass
class History:
    """The utilization of a node's busiest GPU, by minute."""

    readings: dict[datetime, float] = field(default_factory=dict)
    """Percent, by the beginning of the minute."""
    problem: str | None = None
    """The reason why readings may be missing. None: the readings are complete."""


def beginning(now: datetime, window: timedelta) -> datetime:
    """The beginning of a window that ends at `now`, rounded down to the minute as CloudWatch's periods are."""
    return now.replace(second=0, microsecond=0) - window


def histories(clients: Clients, windows: Mapping[str, timedelta], now: datetime) -> dict[str, History]:
    """The GPU histories of nodes, in as few calls as possible.

    Args:
        clients: the AWS clients.
        windows: the length of the window, by instance id.
        now: the end of all windows. The current, incomplete minute is included.

    Returns:
        A history for each instance. A failed call is a problem of each instance in it.
    """
    answers = {instance_id: History() for instance_id in windows}
    for window in sorted(set(windows.values())):
        ids = sorted(each for each, its_window in windows.items() if its_window == window)
        for start in range(0, len(ids), _QUERIES_A_CALL):
            some = ids[start : start + _QUERIES_A_CALL]
            _read(clients, [(each, answers[each]) for each in some], beginning(now, window), now)
    return answers


def _read(clients: Clients, nodes: Sequence[tuple[str, History]], start: datetime, now: datetime) -> None:
    status: dict[str, str] = {}
    problem = None
    try:
        for result in _results(clients, [instance_id for instance_id, _ in nodes], start, now):
            history = nodes[int(result["Id"][1:])][1]
            status[result["Id"]] = result.get("StatusCode", _COMPLETE)
            for moment, value in zip(result["Timestamps"], result["Values"], strict=True):
                history.readings[moment] = max(value, history.readings.get(moment, value))
    except FAILURES as error:
        problem = f"its GPU metrics could not be read: {error_code(error)}"
    except (IndexError, KeyError, TypeError, ValueError) as error:
        problem = f"CloudWatch's response about its GPU metrics could not be parsed: {error!r}"
    for index, (_, history) in enumerate(nodes):
        last = status.get(f"n{index}", "no result")
        if problem:
            history.problem = problem
        elif last != _COMPLETE:
            history.problem = f"CloudWatch returned incomplete GPU metrics: {last}"


def _results(clients: Clients, instance_ids: Sequence[str], start: datetime, now: datetime) -> Iterator[dict[str, Any]]:
    """The results of all pages. A partial result on one page may be completed on the next."""
    arguments: dict[str, Any] = {
        "MetricDataQueries": [_query(f"n{index}", instance_id) for index, instance_id in enumerate(instance_ids)],
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


def _query(name: str, instance_id: str) -> dict[str, Any]:
    return {
        "Id": name,
        "MetricStat": {
            "Metric": {
                "Namespace": Metric.NAMESPACE,
                "MetricName": Metric.GPU_UTILISATION,
                "Dimensions": [{"Name": Metric.INSTANCE, "Value": instance_id}],
            },
            "Period": _PERIOD_SECONDS,
            "Stat": "Maximum",
        },
    }
