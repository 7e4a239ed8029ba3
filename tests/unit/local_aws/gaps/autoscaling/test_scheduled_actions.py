"""Scheduled actions of auto scaling groups."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tests.unit.local_aws.conftest import error_code


def test_an_invalid_scheduled_action_is_refused(autoscaling: Any, group: str) -> None:
    action = {"AutoScalingGroupName": group, "ScheduledActionName": "night"}
    put = autoscaling.put_scheduled_update_group_action
    assert error_code(put, **action, Recurrence="0 20 * * *") == "ValidationError"
    assert error_code(put, **action, DesiredCapacity=0) == "ValidationError"
    assert error_code(autoscaling.delete_scheduled_action, **action) == "ValidationError"


@pytest.mark.parametrize("moment", ["StartTime", "EndTime"])
def test_a_time_in_the_past_is_refused(autoscaling: Any, group: str, moment: str) -> None:
    action = {"AutoScalingGroupName": group, "ScheduledActionName": "past", "Recurrence": "0 20 * * *"}
    put, now = autoscaling.put_scheduled_update_group_action, datetime.now(timezone.utc)
    assert error_code(put, **action, DesiredCapacity=0, **{moment: now - timedelta(hours=1)}) == "ValidationError"
    put(**action, DesiredCapacity=0, **{moment: now + timedelta(hours=1)})
