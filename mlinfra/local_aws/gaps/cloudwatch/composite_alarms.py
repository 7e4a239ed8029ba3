"""Gap: composite alarms of CloudWatch.

moto has none, and ignores the requested alarm types and pages. In AWS, a composite alarm is in the state
ALARM if its rule is true of other alarms, which must exist when the composite alarm is put. Only metric
alarms are described unless the request names other types. Source: CloudWatch API reference,
PutCompositeAlarm, DescribeAlarms and CompositeAlarm, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult, EmptyResult

from mlinfra.local_aws.mechanisms.alarm_rules import AlarmRule
from mlinfra.local_aws.mechanisms.api_model import ApiError, violation
from mlinfra.local_aws.mechanisms.extending import add_operations, wrap
from mlinfra.local_aws.mechanisms.pages import requested_page

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.cloudwatch.models import Alarm, CloudWatchBackend

_PAGE = 50
_INVALID = "ValidationError"
_SUPPRESSION = ("ActionsSuppressorWaitPeriod", "ActionsSuppressorExtensionPeriod")


def is_open() -> bool:
    """True if moto has no composite alarms."""
    return not hasattr(CloudWatchResponse, "put_composite_alarm")


def close() -> None:
    """Close the gap: add composite alarms."""
    add_operations(CloudWatchResponse, put_composite_alarm)
    wrap(CloudWatchResponse, "describe_alarms", _describe_alarms)


def put_composite_alarm(self: CloudWatchResponse) -> EmptyResult:
    """Create a composite alarm, or replace one and keep its tags."""
    request = _checked(self, "PutCompositeAlarm")
    backend, name = self.cloudwatch_backend, request["AlarmName"]
    _require_rule(backend, name, request["AlarmRule"])
    if ("ActionsSuppressor" in request) != all(each in request for each in _SUPPRESSION):
        message = "ActionsSuppressor, its wait period and its extension period must be specified together."
        raise ApiError(code=_INVALID, message=message)
    is_new = name not in backend.alarms
    alarm: Any = backend.put_metric_alarm(
        name=name,
        rule=request["AlarmRule"],
        description=request.get("AlarmDescription"),  # type: ignore[arg-type]  # moto allows for None
        actions_enabled=request.get("ActionsEnabled", True),
        alarm_actions=request.get("AlarmActions", []),
        ok_actions=request.get("OKActions", []),
        insufficient_data_actions=request.get("InsufficientDataActions", []),
        tags=request.get("Tags") if is_new else None,
        **_OF_METRICS,
    )
    alarm.alarm_rule = alarm.rule
    alarm.actions_suppressor = request.get("ActionsSuppressor")
    alarm.actions_suppressor_wait_period = request.get("ActionsSuppressorWaitPeriod")
    alarm.actions_suppressor_extension_period = request.get("ActionsSuppressorExtensionPeriod")
    return EmptyResult()


_OF_METRICS: dict[str, Any] = {
    "namespace": None,
    "metric_name": None,
    "comparison_operator": None,
    "evaluation_periods": None,
    "period": None,
    "threshold": None,
    "statistic": None,
    "dimensions": [],
}
"""Settings that moto requires of every alarm and that a composite alarm does not have."""


def _describe_alarms(_original: Callable[[CloudWatchResponse], ActionResult], self: CloudWatchResponse) -> ActionResult:
    request = _checked(self, "DescribeAlarms")
    backend = self.cloudwatch_backend
    for alarm in backend.alarms.values():
        _evaluate(backend, alarm)
    found = [alarm for _, alarm in sorted(backend.alarms.items()) if _is_asked_for(alarm, request)]
    some, token = requested_page(request, found, default_size=_PAGE, size="MaxRecords", code="InvalidNextToken")
    answer = {
        "MetricAlarms": [each for each in some if each.rule is None],
        "CompositeAlarms": [each for each in some if each.rule is not None],
    }
    return ActionResult(answer | ({"NextToken": token} if token else {}))


def _is_asked_for(alarm: Alarm, request: dict[str, Any]) -> bool:
    kind = "MetricAlarm" if alarm.rule is None else "CompositeAlarm"
    actions = [*(alarm.alarm_actions or []), *alarm.ok_actions, *alarm.insufficient_data_actions]
    return (
        kind in (request.get("AlarmTypes") or ["MetricAlarm"])
        and alarm.name in (request.get("AlarmNames") or [alarm.name])
        and alarm.name.startswith(request.get("AlarmNamePrefix", ""))
        and alarm.state_value == request.get("StateValue", alarm.state_value)
        and any(action.startswith(request.get("ActionPrefix", "")) for action in actions or [""])
    )


def _evaluate(backend: CloudWatchBackend, alarm: Alarm) -> None:
    """Update the state of a composite alarm from the states of the alarms in its rule."""
    if alarm.rule is None:
        return

    def state_of(name: str) -> str:
        return backend.alarms[name].state_value if name in backend.alarms else "INSUFFICIENT_DATA"

    state = "ALARM" if AlarmRule(alarm.rule).holds(state_of) else "OK"
    if state != alarm.state_value:
        alarm.update_state(f"{alarm.alarm_arn} transitioned to {state}", "{}", state)


def _require_rule(backend: CloudWatchBackend, name: str, text: str) -> None:
    try:
        rule = AlarmRule(text)
    except ValueError:
        raise ApiError(code=_INVALID, message=f"AlarmRule is not a valid rule: {text}") from None
    missing = sorted({each for each in rule.alarms if each not in backend.alarms})
    if missing:
        message = f"Could not save the composite alarm as alarms [{', '.join(missing)}] in the alarm rule do not exist"
        raise ApiError(code=_INVALID, message=message)
    if name in rule.alarms:
        raise ApiError(code=_INVALID, message="A composite alarm cannot depend on itself.")


def _checked(response: CloudWatchResponse, operation: str) -> dict[str, Any]:
    # CloudWatch accepts several protocols; moto has parsed the request in the protocol it uses.
    request: dict[str, Any] = dict(response.params)
    if complaint := violation("cloudwatch", operation, request):
        raise ApiError(code=_INVALID, message=f"1 validation error detected: {complaint}")
    return request
