"""Gap: surplus instances of an auto scaling group after their scale-in protection is removed.

An instance that is protected from scale-in keeps running when its group gets smaller. In AWS, EC2 Auto
Scaling terminates it once the protection is removed, as long as the group is larger than its desired
capacity. moto only records the protection. Source: EC2 Auto Scaling user guide, "Use instance scale-in
protection", read 2026-11-24.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from moto.autoscaling.models import AutoScalingBackend

_protect = AutoScalingBackend.set_instance_protection


def is_open() -> bool:
    """True if moto keeps the surplus instances running."""
    sizes: list[int] = []
    state = SimpleNamespace(instance=SimpleNamespace(id="i-1"), protected_from_scale_in=True)
    group = SimpleNamespace(
        instance_states=[state], desired_capacity=0, active_instances=lambda: [state], set_desired_capacity=sizes.append
    )
    backend: Any = SimpleNamespace(autoscaling_groups={"probe": group})
    AutoScalingBackend.set_instance_protection(backend, "probe", ["i-1"], protected_from_scale_in=False)
    return not sizes


def close() -> None:
    """Close the gap: terminate surplus instances once they are not protected."""
    AutoScalingBackend.set_instance_protection = _set_protection  # type: ignore[method-assign, assignment]


def _set_protection(
    backend: AutoScalingBackend,
    group_name: str,
    instance_ids: list[str],
    protected_from_scale_in: bool | None,  # noqa: FBT001
) -> None:
    _protect(backend, group_name, instance_ids, protected_from_scale_in)
    group = backend.autoscaling_groups[group_name]
    if not protected_from_scale_in and len(group.active_instances()) > (group.desired_capacity or 0):
        group.set_desired_capacity(group.desired_capacity)
