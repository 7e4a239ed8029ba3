"""Gap: replacement of instances that are set unhealthy.

moto only records the health status. In AWS, EC2 Auto Scaling terminates an unhealthy instance and launches a
replacement, unless the process HealthCheck or ReplaceUnhealthy is suspended; the desired capacity is unchanged. Source:
EC2 Auto Scaling user guide, "Health checks for instances in an Auto Scaling group" and "Suspend and resume a process
for an Auto Scaling group", read 2026-11-29. Not covered: the health check grace period.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from moto.autoscaling.models import AutoScalingBackend

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

_PROCESSES: Final = frozenset({"HealthCheck", "ReplaceUnhealthy"})


def is_open() -> bool:
    """True if moto keeps an unhealthy instance."""
    terminated: list[str] = []
    state = SimpleNamespace(instance=SimpleNamespace(id="i-1"), health_status="Healthy")
    backend: Any = SimpleNamespace(
        ec2_backend=SimpleNamespace(get_instance=lambda _: state.instance),
        autoscaling_groups={"probe": SimpleNamespace(instance_states=[state], suspended_processes=[])},
        terminate_instance=lambda instance_id, **_: terminated.append(instance_id),
    )
    AutoScalingBackend.set_instance_health(backend, "i-1", "Unhealthy")
    return not terminated


def close() -> None:
    """Close the gap: terminate unhealthy instances and launch replacements."""
    wrap(AutoScalingBackend, "set_instance_health", _set_health)


def _set_health(
    original: Callable[..., None], backend: AutoScalingBackend, instance_id: str, health_status: str
) -> None:
    original(backend, instance_id, health_status)
    group = next(
        group
        for group in backend.autoscaling_groups.values()
        if any(state.instance.id == instance_id for state in group.instance_states)
    )
    suspended: Any = group.suspended_processes
    names = {each["ProcessName"] for each in suspended}
    if health_status == "Unhealthy" and not _PROCESSES & names:
        backend.terminate_instance(instance_id, should_decrement=False)
