"""Scheduled actions of auto scaling groups."""

from __future__ import annotations

from typing import Any

from tests.unit.local_aws.conftest import error_code


def test_an_invalid_scheduled_action_is_refused(autoscaling: Any, group: str) -> None:
    action = {"AutoScalingGroupName": group, "ScheduledActionName": "night"}
    put = autoscaling.put_scheduled_update_group_action
    assert error_code(put, **action, Recurrence="0 20 * * *") == "ValidationError"
    assert error_code(put, **action, DesiredCapacity=0) == "ValidationError"
    assert error_code(autoscaling.delete_scheduled_action, **action) == "ValidationError"
