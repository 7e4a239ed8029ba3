"""Usage of an endpoint, from its CloudWatch metrics."""

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
"""CloudWatch keeps hourly values for 455 days (CloudWatch user guide, "Metrics retention", read 2026-11-24)."""
_COMPLETE = "Complete"


class Usage(Enum):
    """The usage of an endpoint."""

    USED = "used"
    UNUSED = "unused"
    UNKNOWN = "unknown"
    """Treated as used."""


def usage_of(clients: Clients, endpoint: HostedEndpoint, window: timedelta, now: datetime) -> tuple[Usage, str]:
    """The usage of `endpoint`, and the evidence for it.

    A request is visible as an invocation or as a latency sample: asynchronous endpoints report no Invocations. A
    request in the queue of an asynchronous endpoint counts too (SageMaker developer guide, "Alarms and logs for
    tracking metrics from asynchronous endpoints", read 2026-11-26). SageMaker reports values only for requests: a
    complete response without values means that there were no requests.

    Args:
        clients: the AWS clients.
        endpoint: the endpoint.
        window: the length of the window.
        now: the end of the window.
    """
    queries = {f"q{number}": query for number, query in enumerate(_queries(endpoint))}
    complete: set[str] = set()
    try:
        for result in _results(clients, queries, now - window, now):
            if any(value > 0 for value in result["Values"]):
                return Usage.USED, f"{queries[result['Id']]['MetricStat']['Metric']['MetricName']} shows requests"
            if result.get("StatusCode") == _COMPLETE:
                complete.add(result["Id"])
    except FAILURES as error:
        return Usage.UNKNOWN, f"its metrics could not be read: {error_code(error)}"
    except (KeyError, TypeError) as error:
        return Usage.UNKNOWN, f"CloudWatch's response about its metrics could not be parsed: {error!r}"
    if not endpoint.variants:
        return Usage.UNKNOWN, "SageMaker lists no production variants of it"
    if complete != queries.keys():
        return Usage.UNKNOWN, "CloudWatch returned incomplete metrics"
    return Usage.UNUSED, f"it received no requests for {window.days} days"


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
    """The results of all pages. A partial result on one page may be completed on the next."""
    arguments: dict[str, Any] = {
        "MetricDataQueries": [{"Id": id_, **query} for id_, query in queries.items()],
        # Rounded down to the hour, where CloudWatch's periods begin.
        "StartTime": start.replace(minute=0, second=0, microsecond=0),
        "EndTime": end,
    }
    while True:
        page = clients.cloudwatch.get_metric_data(**arguments)
        yield from page["MetricDataResults"]
        if not page.get("NextToken"):
            return
        arguments["NextToken"] = page["NextToken"]
