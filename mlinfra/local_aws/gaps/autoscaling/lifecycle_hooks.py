"""Gap: lifecycle hooks, which hold an instance while it starts or before it is terminated.

moto answers with a role and a target that were never given, and discards the metadata. In AWS, a hook has the
settings it was given, an update keeps the settings it does not name, and an instance can be held for at most
48 hours or 100 times the heartbeat timeout, whichever is smaller. Source: Auto Scaling API reference,
PutLifecycleHook, DescribeLifecycleHooks, DeleteLifecycleHook and LifecycleHook, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.autoscaling.models import LifecycleHook
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult

from mlinfra.local_aws.mechanisms.autoscaling_requests import checked, refuse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.autoscaling.models import AutoScalingBackend

_LONGEST_HOLD = 172800
"""Seconds: 48 hours."""

_TRANSITIONS = ("autoscaling:EC2_INSTANCE_LAUNCHING", "autoscaling:EC2_INSTANCE_TERMINATING")
_RESULTS = ("CONTINUE", "ABANDON")
_TIMEOUTS = range(30, 7201)
"""Seconds."""


def is_open() -> bool:
    """True if moto's hooks have a role that was never given."""
    return LifecycleHook("hook", "group", None, None, None).role_arn is not None


def close() -> None:
    """Close the gap: keep exactly the settings of a hook that were given."""
    for operation in (put_lifecycle_hook, describe_lifecycle_hooks, delete_lifecycle_hook):
        setattr(AutoScalingResponse, operation.__name__, operation)


def put_lifecycle_hook(response: AutoScalingResponse) -> EmptyResult:
    """PutLifecycleHook."""
    request = checked(response, "PutLifecycleHook")
    _require_group(response.autoscaling_backend, request["AutoScalingGroupName"])
    put_hook(response.autoscaling_backend, request)
    return EmptyResult()


def describe_lifecycle_hooks(response: AutoScalingResponse) -> ActionResult:
    """DescribeLifecycleHooks."""
    request = checked(response, "DescribeLifecycleHooks")
    backend = response.autoscaling_backend
    _require_group(backend, request["AutoScalingGroupName"])
    hooks = backend.describe_lifecycle_hooks(request["AutoScalingGroupName"], request.get("LifecycleHookNames"))
    return ActionResult({"LifecycleHooks": hooks})


def delete_lifecycle_hook(response: AutoScalingResponse) -> EmptyResult:
    """DeleteLifecycleHook."""
    request = checked(response, "DeleteLifecycleHook")
    hooks = response.autoscaling_backend.lifecycle_hooks
    _require_group(response.autoscaling_backend, request["AutoScalingGroupName"])
    key = f"{request['AutoScalingGroupName']}_{request['LifecycleHookName']}"
    if key not in hooks:
        refuse(f"No Lifecycle Hook found with name: {request['LifecycleHookName']}")
    del hooks[key]
    return EmptyResult()


def put_hook(backend: AutoScalingBackend, request: Mapping[str, Any]) -> None:
    """Create a hook, or change the settings that the request names."""
    group, name = request["AutoScalingGroupName"], request["LifecycleHookName"]
    hook: Any = backend.lifecycle_hooks.get(f"{group}_{name}")
    if hook is None:
        if not request.get("LifecycleTransition"):
            refuse("The lifecycle transition must be specified when a lifecycle hook is created")
        hook = LifecycleHook(name, group, None, None, None)
        hook.role_arn = hook.notification_target_arn = hook.notification_metadata = None
    _check(request)
    hook.lifecycle_transition = request.get("LifecycleTransition") or hook.lifecycle_transition
    hook.heartbeat_timeout = request.get("HeartbeatTimeout") or hook.heartbeat_timeout
    hook.default_result = request.get("DefaultResult") or hook.default_result
    hook.role_arn = request.get("RoleARN", hook.role_arn)
    # An empty target removes the present one.
    hook.notification_target_arn = request.get("NotificationTargetARN", hook.notification_target_arn) or None
    hook.notification_metadata = request.get("NotificationMetadata", hook.notification_metadata)
    hook.global_timeout = min(_LONGEST_HOLD, 100 * hook.heartbeat_timeout)
    backend.lifecycle_hooks[f"{group}_{name}"] = hook


def _check(request: Mapping[str, Any]) -> None:
    """Refuse values that AWS does not allow, and for which the model has no enumeration or limit."""
    transition, result = request.get("LifecycleTransition"), request.get("DefaultResult")
    timeout = request.get("HeartbeatTimeout")
    if transition is not None and transition not in _TRANSITIONS:
        refuse(f"Invalid Lifecycle Transition: {transition}. Valid values are: {', '.join(_TRANSITIONS)}")
    if result is not None and result not in _RESULTS:
        refuse(f"Invalid Default Result: {result}. Valid values are: {', '.join(_RESULTS)}")
    if timeout is not None and timeout not in _TIMEOUTS:
        refuse(f"The Heartbeat Timeout must be from {_TIMEOUTS[0]} to {_TIMEOUTS[-1]} seconds")


def _require_group(backend: AutoScalingBackend, name: str) -> None:
    if name not in backend.autoscaling_groups:
        refuse("AutoScalingGroup name not found - null")
