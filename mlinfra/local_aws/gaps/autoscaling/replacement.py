"""Gap: replacement of instances that EC2 terminates.

moto launches an instance for each one that TerminateInstances ends, although the desired capacity of the group was
lowered before. In AWS, a group launches only what is missing to its desired capacity. Source: EC2 Auto Scaling user
guide, "Health checks for instances in an Auto Scaling group", read 2026-11-29.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup


def is_open() -> bool:
    """True if moto replaces an instance of a group whose desired capacity is 0."""
    launched: list[int] = []
    group: Any = FakeAutoScalingGroup.__new__(FakeAutoScalingGroup)
    group.name, group.desired_capacity, group._tags = "probe", 0, []  # noqa: SLF001
    group.min_size, group.mixed_instances_policy, group.autoscaling_backend = 0, None, SimpleNamespace()
    group.autoscaling_backend.autoscaling_groups = {}
    group.instance_states = [SimpleNamespace(instance=SimpleNamespace(id="i-1"), lifecycle_state="InService")]
    group.replace_autoscaling_group_instances = lambda count, _tags: launched.append(count)
    backend: Any = SimpleNamespace(autoscaling_groups={"probe": group}, update_attached_elbs=lambda _name: None)
    AutoScalingBackend.notify_terminate_instances(backend, ["i-1"])
    return bool(launched)


def close() -> None:
    """Close the gap: launch only what is missing to the desired capacity."""
    AutoScalingBackend.notify_terminate_instances = _notify  # type: ignore[method-assign, assignment]


def _notify(backend: AutoScalingBackend, instance_ids: list[str]) -> None:
    for group in backend.autoscaling_groups.values():
        left = [each for each in group.instance_states if each.instance.id not in instance_ids]
        if len(left) == len(group.instance_states):
            continue
        group.instance_states = left
        if len(group.active_instances()) < (group.desired_capacity or 0):
            group.set_desired_capacity(group.desired_capacity)
