"""Lifecycle hooks of auto scaling groups."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.local_aws.conftest import error_code
from tests.unit.local_aws.gaps.autoscaling.conftest import create

ROLE = "arn:aws:iam::123456789012:role/hooks"


TOPIC = "arn:aws:sns:us-east-1:123456789012:hooks"


def test_initial_hooks_are_created_with_the_group(autoscaling: Any, template: str) -> None:
    hook = {
        "LifecycleHookName": "starting",
        "LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING",
        "HeartbeatTimeout": 300,
        "NotificationMetadata": "{}",
        "NotificationTargetARN": TOPIC,
        "RoleARN": ROLE,
    }
    create(autoscaling, "initial", template, LifecycleHookSpecificationList=[hook])
    (found,) = autoscaling.describe_lifecycle_hooks(AutoScalingGroupName="initial")["LifecycleHooks"]
    assert found == {**hook, "AutoScalingGroupName": "initial", "DefaultResult": "ABANDON", "GlobalTimeout": 30000}


def test_a_hook_has_only_the_given_settings_and_an_update_keeps_them(autoscaling: Any, group: str) -> None:
    hook = {"AutoScalingGroupName": group, "LifecycleHookName": "draining"}
    autoscaling.put_lifecycle_hook(**hook, LifecycleTransition="autoscaling:EC2_INSTANCE_TERMINATING")
    autoscaling.put_lifecycle_hook(**hook, HeartbeatTimeout=7200)
    (found,) = autoscaling.describe_lifecycle_hooks(AutoScalingGroupName=group)["LifecycleHooks"]
    assert not found.keys() & {"RoleARN", "NotificationTargetARN", "NotificationMetadata"}
    assert found["LifecycleTransition"] == "autoscaling:EC2_INSTANCE_TERMINATING"
    assert (found["HeartbeatTimeout"], found["GlobalTimeout"]) == (7200, 172800)
    autoscaling.delete_lifecycle_hook(**hook)
    assert error_code(autoscaling.delete_lifecycle_hook, **hook) == "ValidationError"


@pytest.mark.parametrize(
    "wrong",
    [
        {"LifecycleTransition": "autoscaling:SOMETHING"},
        {"LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING", "DefaultResult": "MAYBE"},
        {"LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING", "HeartbeatTimeout": 29},
        {},
    ],
)
def test_an_invalid_hook_is_refused(autoscaling: Any, group: str, wrong: dict[str, Any]) -> None:
    hook = {"AutoScalingGroupName": group, "LifecycleHookName": "hook"}
    assert error_code(autoscaling.put_lifecycle_hook, **hook, **wrong) == "ValidationError"
    assert autoscaling.describe_lifecycle_hooks(AutoScalingGroupName=group)["LifecycleHooks"] == []
