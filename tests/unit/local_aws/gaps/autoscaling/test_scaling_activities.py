"""Scaling activities, failed launches and suspended processes of auto scaling groups."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from mlinfra.local_aws.mechanisms.launch_errors import LAUNCH_ERROR_TAG, MESSAGES
from tests.unit.local_aws.conftest import error_code
from tests.unit.local_aws.gaps.autoscaling.conftest import create, described, mixed


def failing(autoscaling: Any, name: str, error: str) -> None:
    tag = {"ResourceType": "auto-scaling-group", "ResourceId": name, "Key": LAUNCH_ERROR_TAG, "Value": error}
    autoscaling.create_or_update_tags(Tags=[{**tag, "PropagateAtLaunch": False}])


def repaired(autoscaling: Any, name: str) -> None:
    tag = {"ResourceType": "auto-scaling-group", "ResourceId": name, "Key": LAUNCH_ERROR_TAG}
    autoscaling.delete_tags(Tags=[tag])


def activities(autoscaling: Any, name: str) -> list[dict[str, Any]]:
    return list(autoscaling.describe_scaling_activities(AutoScalingGroupName=name)["Activities"])


def resize(autoscaling: Any, name: str, size: int) -> None:
    autoscaling.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=size)


def test_launches_and_terminations_are_activities_the_latest_first(autoscaling: Any, group: str) -> None:
    resize(autoscaling, group, 1)
    (instance,) = described(autoscaling, group)["Instances"]
    resize(autoscaling, group, 0)
    instance_id = instance["InstanceId"]
    found = [(each["Description"], each["StatusCode"]) for each in activities(autoscaling, group)]
    assert found == [
        (f"Terminating EC2 instance: {instance_id}", "Successful"),
        (f"Launching a new EC2 instance: {instance_id}", "Successful"),
    ]


@pytest.mark.parametrize("error", ["InsufficientInstanceCapacity", "VcpuLimitExceeded"])
def test_a_failed_launch_is_an_activity_with_its_reason_and_is_tried_again(
    autoscaling: Any, group: str, error: str
) -> None:
    failing(autoscaling, group, error)
    resize(autoscaling, group, 2)
    assert described(autoscaling, group)["Instances"] == []
    (activity,) = activities(autoscaling, group)
    assert (activity["StatusCode"], activity["StatusMessage"]) == ("Failed", MESSAGES[error])
    assert activity["Description"].startswith("Launching a new EC2 instance.  Status Reason: ")
    repaired(autoscaling, group)
    assert len(described(autoscaling, group)["Instances"]) == 2


def test_a_group_launches_the_instances_for_which_there_is_capacity(autoscaling: Any, group: str) -> None:
    failing(autoscaling, group, "InsufficientInstanceCapacity above 1")
    resize(autoscaling, group, 2)
    assert len(described(autoscaling, group)["Instances"]) == 1
    assert {each["StatusCode"] for each in activities(autoscaling, group)} == {"Successful", "Failed"}
    repaired(autoscaling, group)
    assert len(described(autoscaling, group)["Instances"]) == 2


def test_a_failed_launch_of_a_mixed_group_names_the_error_code(autoscaling: Any, template: str) -> None:
    policy = mixed(template, 0, 0)
    create(autoscaling, "mixed-failing", template, MixedInstancesPolicy=policy)
    failing(autoscaling, "mixed-failing", "MaxSpotInstanceCountExceeded")
    resize(autoscaling, "mixed-failing", 1)
    (activity,) = activities(autoscaling, "mixed-failing")
    assert activity["StatusMessage"].startswith("Could not launch Spot Instances. MaxSpotInstanceCountExceeded - ")


def test_a_suspended_group_launches_nothing_until_it_is_resumed(autoscaling: Any, group: str) -> None:
    autoscaling.suspend_processes(AutoScalingGroupName=group, ScalingProcesses=["Launch"])
    resize(autoscaling, group, 1)
    found = described(autoscaling, group)
    assert found["Instances"] == []
    (process,) = found["SuspendedProcesses"]
    assert process["ProcessName"] == "Launch"
    assert process["SuspensionReason"].startswith("User suspended at ")
    autoscaling.resume_processes(AutoScalingGroupName=group, ScalingProcesses=["Launch"])
    found = described(autoscaling, group)
    assert (len(found["Instances"]), found["SuspendedProcesses"]) == (1, [])


def test_aws_suspends_launching_after_a_day_of_failures(autoscaling: Any, group: str) -> None:
    since = datetime.now(timezone.utc) - timedelta(hours=25)
    failing(autoscaling, group, f"InsufficientInstanceCapacity since {since:%Y-%m-%dT%H:%M:%SZ}")
    resize(autoscaling, group, 1)
    (process,) = described(autoscaling, group)["SuspendedProcesses"]
    assert process["ProcessName"] == "Launch"
    assert process["SuspensionReason"].startswith("Administrative suspension")
    repaired(autoscaling, group)
    assert described(autoscaling, group)["Instances"] == []
    autoscaling.resume_processes(AutoScalingGroupName=group, ScalingProcesses=["Launch"])
    assert len(described(autoscaling, group)["Instances"]) == 1


def test_a_resumed_group_that_fails_again_is_not_suspended_at_once(autoscaling: Any, group: str) -> None:
    since = datetime.now(timezone.utc) - timedelta(hours=25)
    failing(autoscaling, group, f"InsufficientInstanceCapacity since {since:%Y-%m-%dT%H:%M:%SZ}")
    resize(autoscaling, group, 1)
    autoscaling.resume_processes(AutoScalingGroupName=group, ScalingProcesses=["Launch"])
    assert described(autoscaling, group)["SuspendedProcesses"] == []


def test_all_processes_can_be_suspended_and_unknown_ones_are_refused(autoscaling: Any, group: str) -> None:
    autoscaling.suspend_processes(AutoScalingGroupName=group)
    assert len(described(autoscaling, group)["SuspendedProcesses"]) == 9
    arguments = {"AutoScalingGroupName": group, "ScalingProcesses": ["Dance"]}
    assert error_code(autoscaling.suspend_processes, **arguments) == "ValidationError"


def test_an_unknown_error_is_refused(autoscaling: Any, group: str) -> None:
    failing(autoscaling, group, "NoIdea")
    arguments = {"AutoScalingGroupName": group, "DesiredCapacity": 1}
    assert error_code(autoscaling.set_desired_capacity, **arguments) == "ValidationError"
    repaired(autoscaling, group)
