"""Gap: cost and usage by period. The local AWS reports zero for each period.

moto answers without periods unless a test has preset the answer. In AWS, there is one result for each day,
month or hour, with a total for each metric if the results are not grouped. Source: Cost Explorer API
reference, GetCostAndUsage, read 2026-11-24.
"""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from moto.ce.responses import CostExplorerResponse
from moto.core.responses import ActionResult

from mlinfra.local_aws.mechanisms.api_model import ApiError, checked_request
from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_UNITS = {"UsageQuantity": "N/A", "NormalizedUsageAmount": "N/A"}
_DECEMBER = 12


def is_open() -> bool:
    """True if moto ignores the requested period."""
    return "TimePeriod" not in CostExplorerResponse.get_cost_and_usage.__code__.co_consts


def close() -> None:
    """Close the gap: answer for each period."""
    wrap(CostExplorerResponse, "get_cost_and_usage", _get_cost_and_usage)


def _get_cost_and_usage(
    original: Callable[[CostExplorerResponse], str], response: CostExplorerResponse
) -> str | ActionResult:
    request = checked_request(response, "GetCostAndUsage")
    preset = original(response)
    if json.loads(preset)["ResultsByTime"]:
        return preset
    start, end = request["TimePeriod"]["Start"], request["TimePeriod"]["End"]
    if start >= end:
        raise ApiError(code="ValidationException", message="Start date (and hour) should be before end date (and hour)")
    groups = request.get("GroupBy", [])
    nothing = {metric: {"Amount": "0", "Unit": _UNITS.get(metric, "USD")} for metric in request["Metrics"]}
    total: dict[str, Any] = {} if groups else nothing
    periods = _hours(start, end) if request["Granularity"] == "HOURLY" else _dates(request["Granularity"], start, end)
    results = [
        {"TimePeriod": {"Start": first, "End": last}, "Total": total, "Groups": [], "Estimated": False}
        for first, last in periods
    ]
    answer = {"ResultsByTime": results, "DimensionValueAttributes": []}
    return ActionResult({**answer, "GroupDefinitions": groups} if groups else answer)


def _dates(granularity: str, start: str, end: str) -> Iterator[tuple[str, str]]:
    day, last = date.fromisoformat(start[:10]), date.fromisoformat(end[:10])
    while day < last:
        following = day + timedelta(days=1)
        if granularity == "MONTHLY":
            following = date(day.year + day.month // _DECEMBER, day.month % _DECEMBER + 1, 1)
        following = min(following, last)
        yield day.isoformat(), following.isoformat()
        day = following


def _hours(start: str, end: str) -> Iterator[tuple[str, str]]:
    form = "%Y-%m-%dT%H:%M:%SZ"
    try:
        hour, last = datetime.strptime(start, form), datetime.strptime(end, form)  # noqa: DTZ007  both are UTC
    except ValueError:
        message = "Hourly granularity takes times of the form 2017-01-01T00:00:00Z."
        raise ApiError(code="ValidationException", message=message) from None
    while hour < last:
        following = hour + timedelta(hours=1)
        yield hour.strftime(form), following.strftime(form)
        hour = following
