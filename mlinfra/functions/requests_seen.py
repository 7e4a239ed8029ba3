"""Whether anybody has asked an endpoint, as CloudWatch has it."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any

from mlinfra.functions.clients import FAILURES, error_code

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime, timedelta

    from mlinfra.functions.clients import Clients
    from mlinfra.functions.endpoints import HostedEndpoint

_NAMESPACE = "AWS/SageMaker"
_PERIOD_SECONDS = 60 * 60
"""CloudWatch keeps hours for 455 days (CloudWatch user guide, "Metrics retention", read 2026-11-24)."""
_COMPLETE = "Complete"


class Use(Enum):
    """What is known of the use of an endpoint."""

    USED = "used"
    UNUSED = "unused"
    UNKNOWN = "unknown"
    """Counts as used."""


def use_of(clients: Clients, endpoint: HostedEndpoint, window: timedelta, now: datetime) -> tuple[Use, str]:
    """Whether anybody has asked `endpoint`, and how that is known.

    Requests are counted as such, and by the latencies that they leave: asynchronous endpoints report no
    Invocations. A request that waits in the queue of an asynchronous endpoint is one too (SageMaker
    developer guide, "Alarms and logs for tracking metrics from asynchronous endpoints", read 2026-11-26).
    SageMaker reports what is asked: where all of CloudWatch's answer is there and holds nothing, nobody
    has asked.

    Args:
        clients: where to ask.
        endpoint: as it is now.
        window: how far to look back.
        now: the end of the window.
    """
    queries = {f"q{number}": query for number, query in enumerate(_queries(endpoint))}
    complete: set[str] = set()
    try:
        for result in _results(clients, queries, now - window, now):
            if any(value > 0 for value in result["Values"]):
                return Use.USED, f"{queries[result['Id']]['MetricStat']['Metric']['MetricName']} says so"
            if result.get("StatusCode") == _COMPLETE:
                complete.add(result["Id"])
    except FAILURES as error:
        return Use.UNKNOWN, f"its metrics could not be read: {error_code(error)}"
    except (KeyError, TypeError) as error:
        return Use.UNKNOWN, f"CloudWatch's answer about it cannot be read: {error!r}"
    if not endpoint.variants:
        return Use.UNKNOWN, "SageMaker names no variant of it"
    if complete != queries.keys():
        return Use.UNKNOWN, "CloudWatch gave only a part of its metrics"
    return Use.UNUSED, f"nobody has asked it for {window.days} days"


def _queries(endpoint: HostedEndpoint) -> Iterator[dict[str, Any]]:
    for variant in endpoint.variants:
        yield _query("Invocations", "Sum", EndpointName=endpoint.name, VariantName=variant)
        yield _query("ModelLatency", "SampleCount", EndpointName=endpoint.name, VariantName=variant)
    yield _query("ApproximateBacklogSize", "Maximum", EndpointName=endpoint.name)


def _query(metric_name: str, stat: str, **dimensions: str) -> dict[str, Any]:
    return {
        "MetricStat": {
            "Metric": {
                "Namespace": _NAMESPACE,
                "MetricName": metric_name,
                "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
            },
            "Period": _PERIOD_SECONDS,
            "Stat": stat,
        }
    }


def _results(
    clients: Clients, queries: Mapping[str, dict[str, Any]], start: datetime, end: datetime
) -> Iterator[dict[str, Any]]:
    """The results of all pages. What is partial on one page may be completed on the next."""
    arguments: dict[str, Any] = {
        "MetricDataQueries": [{"Id": id_, **query} for id_, query in queries.items()],
        # To the hour before, which CloudWatch's periods begin with.
        "StartTime": start.replace(minute=0, second=0, microsecond=0),
        "EndTime": end,
    }
    while True:
        page = clients.cloudwatch.get_metric_data(**arguments)
        yield from page["MetricDataResults"]
        if not page.get("NextToken"):
            return
        arguments["NextToken"] = page["NextToken"]
