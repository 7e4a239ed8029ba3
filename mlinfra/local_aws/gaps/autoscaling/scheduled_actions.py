"""Gap: scheduled actions of auto scaling groups.

moto identifies an action by its name alone, so that two groups cannot have actions of the same name, gives it
no ARN, and accepts groups that do not exist and times in the past. In AWS, an action belongs to a group that
exists, and a time in the past is refused. Source: Auto Scaling API reference, PutScheduledUpdateGroupAction,
DescribeScheduledActions, DeleteScheduledAction and ScheduledUpdateGroupAction, read 2026-11-24.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from moto.autoscaling.models import AutoScalingBackend, FakeScheduledAction
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult
from moto.moto_api._internal import mock_random

from mlinfra.local_aws.mechanisms.autoscaling_requests import checked, group_called, page, refuse
from mlinfra.local_aws.mechanisms.extending import wrap

_SCHEDULED_ACTION: Any = FakeScheduledAction
"""The base class declares abstract methods that moto never defines."""

_SIZES = ("min_size", "max_size", "desired_capacity")


def is_open() -> bool:
    """True if moto's scheduled actions have no ARN."""
    return not hasattr(_SCHEDULED_ACTION("group", None, None, None, "action", *[None] * 4), "scheduled_action_arn")


def close() -> None:
    """Close the gap: identify a scheduled action by its group and name."""
    wrap(AutoScalingBackend, "put_scheduled_update_group_action", _put)
    wrap(AutoScalingBackend, "delete_scheduled_action", _delete)
    AutoScalingResponse.describe_scheduled_actions = _describe  # type: ignore[method-assign, assignment]


def _put(
    _original: object,
    backend: AutoScalingBackend,
    name: str,
    scheduled_action_name: str,
    timezone: str | None,
    **settings: Any,  # noqa: ANN401  sizes and times
) -> Any:  # noqa: ANN401
    group_called(backend, name)
    key = f"{name}/{scheduled_action_name}"
    if all(settings[each] is None for each in _SIZES):
        refuse("At least one of the size parameters must be specified: MinSize, MaxSize or DesiredCapacity")
    if settings["recurrence"] is None and settings["start_time"] is None:
        refuse("You must specify a StartTime, a Recurrence or both")
    for moment in ("start_time", "end_time"):
        if _is_past(settings[moment]):
            refuse(f"Given {moment.replace('_', ' ')} is in the past")
    present: Any = backend.scheduled_actions.get(key)
    action = _SCHEDULED_ACTION(
        autos_caling_group_name=name, scheduled_action_name=scheduled_action_name, time_zone=timezone, **settings
    )
    prefix = f"arn:{backend.partition}:autoscaling:{backend.region_name}:{backend.account_id}"
    action.scheduled_action_arn = (
        present.scheduled_action_arn
        if present
        else f"{prefix}:scheduledUpdateGroupAction:{mock_random.uuid4()}"
        f":autoScalingGroupName/{name}:scheduledActionName/{scheduled_action_name}"
    )
    backend.scheduled_actions[key] = action
    return action


def _is_past(given: datetime | str | None) -> bool:
    if not given:
        return False
    moment = given if isinstance(given, datetime) else datetime.fromisoformat(given.replace("Z", "+00:00"))
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)) < datetime.now(timezone.utc)


def _describe(response: AutoScalingResponse) -> ActionResult:
    request = checked(response, "DescribeScheduledActions")
    actions = response.autoscaling_backend.describe_scheduled_actions(
        request.get("AutoScalingGroupName"), request.get("ScheduledActionNames")
    )
    found, token = page(request, actions)
    return ActionResult({"ScheduledUpdateGroupActions": found, "NextToken": token})


def _delete(
    _original: object, backend: AutoScalingBackend, auto_scaling_group_name: str, scheduled_action_name: str
) -> None:
    if backend.scheduled_actions.pop(f"{auto_scaling_group_name}/{scheduled_action_name}", None) is None:
        refuse("Scheduled action name not found")
