"""Gap: scaling activities, failed launches and suspended processes of auto scaling groups.

moto has no scaling activities, always launches, launches although the process Launch is suspended, and gives no reason
for a suspension. In AWS, every launch and termination is an activity; a launch that fails is an activity with the state
Failed and the reason, and is tried again; a group that has failed to launch for more than 24 hours may be suspended by
AWS ("administrative suspension"); a resumed group launches what is missing. Source: Auto Scaling API reference,
DescribeScalingActivities, Activity, SuspendProcesses, ResumeProcesses and SuspendedProcess, and Auto Scaling user
guide, "Suspend and resume a process for an Auto Scaling group" and "Troubleshoot issues in Amazon EC2 Auto Scaling",
read 2026-11-29.

A group has no capacity if it has a tag (mechanisms/launch_errors.py); the group launches what there is capacity for, as
in AWS.
Not covered: activities of scheduled actions and of health checks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from moto.autoscaling.models import FakeAutoScalingGroup
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult
from moto.moto_api._internal import mock_random

from mlinfra.local_aws.mechanisms.autoscaling_requests import checked, group_called, page, refuse
from mlinfra.local_aws.mechanisms.extending import kept, wrap
from mlinfra.local_aws.mechanisms.launch_errors import LAUNCH_ERROR_TAG, MESSAGES

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.autoscaling.models import AutoScalingBackend

_LAUNCH = "Launch"
_PROCESSES = (
    _LAUNCH,
    "Terminate",
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "InstanceRefresh",
    "ReplaceUnhealthy",
    "ScheduledActions",
)
_LONGEST_FAILURE = timedelta(hours=24)
"""The time of failures after which AWS suspends launching."""
_FAILURE_INTERVAL = timedelta(minutes=5)
"""The time between attempts of the local AWS; AWS's own is not documented."""


def is_open() -> bool:
    """True if moto's activities are a constant."""
    return "autoscaling_backend" not in AutoScalingResponse.describe_scaling_activities.__code__.co_names


def close() -> None:
    """Close the gap: record activities, let launches fail, and honour suspended processes."""
    wrap(FakeAutoScalingGroup, "replace_autoscaling_group_instances", _launch)
    wrap(FakeAutoScalingGroup, "set_desired_capacity", _set_desired_capacity)
    wrap(AutoScalingResponse, "describe_auto_scaling_groups", _describe_groups)
    FakeAutoScalingGroup.suspended_processes = property(_suspended, _suspend)  # type: ignore[assignment]
    for operation in (describe_scaling_activities, resume_processes, suspend_processes):
        setattr(AutoScalingResponse, operation.__name__, operation)


def describe_scaling_activities(response: AutoScalingResponse) -> ActionResult:
    """DescribeScalingActivities: the latest activity first."""
    request = checked(response, "DescribeScalingActivities")
    backend = response.autoscaling_backend
    name = request.get("AutoScalingGroupName")
    if name is not None:
        _retry(group_called(backend, name))
    wanted = request.get("ActivityIds")
    found = [
        each
        for each in sorted(_activities(backend), key=lambda each: each["StartTime"], reverse=True)
        if name in {None, each["AutoScalingGroupName"]} and (not wanted or each["ActivityId"] in wanted)
    ]
    some, token = page(request, found)
    return ActionResult({"Activities": some, "NextToken": token})


def suspend_processes(response: AutoScalingResponse) -> EmptyResult:
    """SuspendProcesses."""
    request = checked(response, "SuspendProcesses")
    group = group_called(response.autoscaling_backend, request["AutoScalingGroupName"])
    reason = f"User suspended at {_now():%Y-%m-%dT%H:%M:%SZ}"
    for process in _processes(request.get("ScalingProcesses")):
        _reasons(group).setdefault(process, reason)
    return EmptyResult()


def resume_processes(response: AutoScalingResponse) -> EmptyResult:
    """ResumeProcesses: launches what is missing, if the process Launch is resumed."""
    request = checked(response, "ResumeProcesses")
    group = group_called(response.autoscaling_backend, request["AutoScalingGroupName"])
    for process in _processes(request.get("ScalingProcesses")):
        _reasons(group).pop(process, None)
    # Failures are counted from the resumption.
    _resumed(group.autoscaling_backend)[group.name] = _now()
    group.set_desired_capacity(group.desired_capacity)
    return EmptyResult()


def _describe_groups(original: Callable[..., ActionResult], response: AutoScalingResponse) -> ActionResult:
    for group in list(response.autoscaling_backend.autoscaling_groups.values()):
        _retry(group)
    return original(response)


def _retry(group: FakeAutoScalingGroup) -> None:
    """Try to launch missing instances, as AWS does from time to time."""
    missing = (group.desired_capacity or 0) - len(group.active_instances())
    last = next((each for each in reversed(_activities(group.autoscaling_backend)) if _is_failure(each, group)), None)
    if missing > 0 and last and (launch_refusal(group) is None or _now() - last["EndTime"] >= _FAILURE_INTERVAL):
        group.set_desired_capacity(group.desired_capacity)


def _launch(
    original: Callable[..., None], group: FakeAutoScalingGroup, count_needed: int, propagated_tags: dict[str, str]
) -> None:
    if _LAUNCH in _reasons(group):
        return
    error = launch_refusal(group)
    launched = count_needed if error is None else min(count_needed, max(0, error.above - len(group.active_instances())))
    before = {each.instance.id for each in group.instance_states}
    if launched:
        original(group, launched, propagated_tags)
    for state in group.instance_states:
        if state.instance.id not in before:
            _record(group, f"Launching a new EC2 instance: {state.instance.id}", "Successful")
    if error is not None and launched < count_needed:
        _fail(group, error.code, error.since)


def _set_desired_capacity(original: Callable[..., None], group: FakeAutoScalingGroup, new_capacity: int | None) -> None:
    before = {each.instance.id for each in group.instance_states}
    original(group, new_capacity)
    for instance_id in before - {each.instance.id for each in group.instance_states}:
        _record(group, f"Terminating EC2 instance: {instance_id}", "Successful")


def _fail(group: FakeAutoScalingGroup, code: str, since: datetime | None) -> None:
    kind = "Spot" if (group.mixed_instances_policy or {}).get("InstancesDistribution") else None
    message = MESSAGES[code]
    if kind:
        message = f"Could not launch {kind} Instances. {code} - {message}"
    now = _now()
    begin = max(since or now, _resumed(group.autoscaling_backend).get(group.name, since or now))
    earlier = [each for each in _activities(group.autoscaling_backend) if _is_failure(each, group)]
    if since and since < now and not earlier:
        _record(group, "Launching a new EC2 instance", "Failed", message, at=since)
    _record(group, "Launching a new EC2 instance", "Failed", message, at=now)
    if now - begin >= _LONGEST_FAILURE:
        # AWS's own text is not documented; it differs from "User suspended at ...".
        _reasons(group)[_LAUNCH] = f"Administrative suspension at {_now():%Y-%m-%dT%H:%M:%SZ}"


def _record(
    group: FakeAutoScalingGroup, description: str, status: str, message: str = "", *, at: datetime | None = None
) -> None:
    moment = at or _now()
    failed = status == "Failed"
    activity: dict[str, Any] = {
        "ActivityId": str(mock_random.uuid4()),
        "AutoScalingGroupName": group.name,
        "Description": f"{description}.  Status Reason: {message}" if failed else description,
        "Cause": f"At {moment:%Y-%m-%dT%H:%M:%SZ} the group's capacity was compared with its desired capacity.",
        "StartTime": moment,
        "EndTime": moment,
        "StatusCode": status,
        "Progress": 100,
        "Details": "{}",
        "AutoScalingGroupARN": group.arn,
    }
    _activities(group.autoscaling_backend).append(activity | ({"StatusMessage": message} if failed else {}))


@dataclass(frozen=True)
class LaunchRefusal:
    """The refusal of launches of a group."""

    code: str
    above: int
    """The number of instances for which there is capacity."""
    since: datetime | None
    """The beginning of the failures. None: the first launch that fails."""


def launch_refusal(group: FakeAutoScalingGroup) -> LaunchRefusal | None:
    """The refusal of its launches, by its tag. None: launches succeed."""
    value = next((tag["value"] for tag in _tags(group) if tag["key"] == LAUNCH_ERROR_TAG), "")
    if not value:
        return None
    text, _, since = value.partition(" since ")
    code, _, above = text.partition(" above ")
    if code not in MESSAGES or not (above or "0").isdecimal():
        refuse(f"The tag {LAUNCH_ERROR_TAG} of {group.name} is {value!r}. Expected: one of {', '.join(MESSAGES)}.")
    begin = datetime.strptime(since, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc) if since else None
    return LaunchRefusal(code, int(above or 0), begin)


def _tags(group: FakeAutoScalingGroup) -> list[dict[str, Any]]:
    """Its tags, with the names of their members in lower case: moto has both forms."""
    return [{name.lower(): value for name, value in tag.items()} for tag in group.tags]


def _is_failure(activity: dict[str, Any], group: FakeAutoScalingGroup) -> bool:
    return bool(activity["AutoScalingGroupName"] == group.name and activity["StatusCode"] == "Failed")


def _processes(asked: list[str] | None) -> tuple[str, ...]:
    for process in asked or ():
        if process not in _PROCESSES:
            refuse(f"Invalid Process: {process}. Valid values are: {', '.join(_PROCESSES)}")
    return tuple(asked or _PROCESSES)


def _suspended(group: FakeAutoScalingGroup) -> list[dict[str, str]]:
    return [{"ProcessName": name, "SuspensionReason": reason} for name, reason in _reasons(group).items()]


def _suspend(group: FakeAutoScalingGroup, processes: list[str]) -> None:
    """Replace the suspended processes, as moto's constructor does."""
    group.__dict__["_suspension_reasons"] = dict.fromkeys(processes, "")


def _reasons(group: FakeAutoScalingGroup) -> dict[str, str]:
    """The reason of each suspended process."""
    reasons: dict[str, str] = group.__dict__.setdefault("_suspension_reasons", {})
    return reasons


def _activities(backend: AutoScalingBackend) -> list[dict[str, Any]]:
    return kept(backend, "scaling activities", list)


def _resumed(backend: AutoScalingBackend) -> dict[str, datetime]:
    return kept(backend, "resumed groups", dict)


def _now() -> datetime:
    return datetime.now(timezone.utc)
