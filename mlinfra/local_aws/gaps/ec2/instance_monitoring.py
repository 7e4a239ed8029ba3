"""Gap: detailed monitoring of running instances.

moto implements neither operation. In AWS, both return the instances with the new state of their monitoring.
Source: EC2 API reference, MonitorInstances and UnmonitorInstances, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.core.responses import ActionResult
from moto.ec2.responses.monitoring import Monitoring

from mlinfra.local_aws.mechanisms.ec2_requests import check

if TYPE_CHECKING:
    from moto.ec2.models.instances import Instance


def is_open() -> bool:
    """True if moto does not implement the operations."""
    return "NotImplementedError" in Monitoring.monitor_instances.__code__.co_names


def close() -> None:
    """Close the gap: turn monitoring on and off."""
    for operation in (monitor_instances, unmonitor_instances):
        setattr(Monitoring, operation.__name__, operation)


def monitor_instances(response: Monitoring) -> ActionResult:
    """Enable detailed monitoring."""
    return _changed(_instances(response, "MonitorInstances"), "enabled", "pending")


def unmonitor_instances(response: Monitoring) -> ActionResult:
    """Disable detailed monitoring."""
    return _changed(_instances(response, "UnmonitorInstances"), "disabled", "disabling")


def _instances(response: Monitoring, operation: str) -> list[Instance]:
    ids = check(response, operation)["InstanceIds"]
    instances: list[Instance] = response.ec2_backend.get_multi_instances_by_id(ids)
    return instances


def _changed(instances: list[Instance], state: str, transitional: str) -> ActionResult:
    answer = []
    for instance in instances:
        reached = instance.monitoring_state == state
        instance.monitoring_state = state
        shown = state if reached else transitional
        answer.append({"InstanceId": instance.id, "Monitoring": {"State": shown}})
    return ActionResult({"InstanceMonitorings": answer})
