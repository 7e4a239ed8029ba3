"""Instances that are set unhealthy."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.local_aws.gaps.autoscaling.conftest import create, described, instances


def test_an_unhealthy_instance_is_replaced(autoscaling: Any, template: str) -> None:
    create(autoscaling, "unhealthy", template, DesiredCapacity=2)
    first, second = instances(autoscaling, "unhealthy")
    autoscaling.set_instance_health(InstanceId=first, HealthStatus="Unhealthy")
    left = instances(autoscaling, "unhealthy")
    assert len(left) == 2
    assert first not in left
    assert second in left
    assert described(autoscaling, "unhealthy")["DesiredCapacity"] == 2


def test_a_healthy_instance_stays(autoscaling: Any, template: str) -> None:
    create(autoscaling, "healthy", template, DesiredCapacity=2)
    before = instances(autoscaling, "healthy")
    autoscaling.set_instance_health(InstanceId=before[0], HealthStatus="Healthy")
    assert instances(autoscaling, "healthy") == before


@pytest.mark.parametrize("process", ["HealthCheck", "ReplaceUnhealthy"])
def test_a_suspended_process_keeps_the_instance(autoscaling: Any, template: str, process: str) -> None:
    name = f"suspended-{process}"
    create(autoscaling, name, template, DesiredCapacity=1)
    before = instances(autoscaling, name)
    autoscaling.suspend_processes(AutoScalingGroupName=name, ScalingProcesses=[process])
    autoscaling.set_instance_health(InstanceId=before[0], HealthStatus="Unhealthy")
    assert instances(autoscaling, name) == before
