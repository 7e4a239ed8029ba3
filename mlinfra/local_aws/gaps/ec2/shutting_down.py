"""Gap: the time that instances of a deleted auto scaling group need to shut down.

In moto an instance is terminated at once. In AWS, a group that is deleted with ForceDelete is deleted before
its instances are terminated: for minutes they are shutting down, and hold their placement group and their
security groups, whose deletion is refused meanwhile. Here it takes seconds. Source: EC2 Auto Scaling API
reference, DeleteAutoScalingGroup (ForceDelete); EC2 user guide, "Instance lifecycle" and "Delete a placement
group"; EC2 API reference, "Error codes" (DependencyViolation, InvalidPlacementGroup.InUse); read 2026-11-29.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from moto.autoscaling.models import AutoScalingBackend
from moto.ec2.models.instances import Instance
from moto.ec2.models.security_groups import SecurityGroupBackend

from mlinfra.local_aws.mechanisms.ec2_requests import refuse
from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 5.0
"""The time that instances are shutting down."""

_HELD = "_security_groups_held_for_mlinfra"


def is_open() -> bool:
    """True if moto terminates an instance without shutting it down."""
    return "shutting-down" not in Instance.terminate.__code__.co_consts


def close() -> None:
    """Close the gap: shut the instances of a deleted group down in time."""
    wrap(AutoScalingBackend, "delete_auto_scaling_group", _delete_group)
    wrap(SecurityGroupBackend, "delete_security_group", _delete_security_group)


class _ShuttingDown:
    """The state of an instance: shutting-down, and terminated after `SECONDS`."""

    def __init__(self) -> None:
        self._ends = time.monotonic() + SECONDS

    @property
    def name(self) -> str:
        return "shutting-down" if time.monotonic() < self._ends else "terminated"

    @property
    def code(self) -> int:
        return 32 if self.name == "shutting-down" else 48


def _delete_group(original: Callable[..., None], backend: AutoScalingBackend, group_name: str) -> None:
    group = backend.autoscaling_groups.get(group_name)
    instances: list[Any] = [each.instance for each in group.instance_states] if group else []
    held = {instance.id: _security_groups(instance) for instance in instances}
    original(backend, group_name)
    for instance in instances:
        if instance.state == "terminated":
            instance._state = _ShuttingDown()  # noqa: SLF001  where moto keeps it
            setattr(instance, _HELD, held[instance.id])


def _security_groups(instance: Instance) -> set[str]:
    return {group.id for nic in instance.nics.values() for group in nic.group_set}


def _delete_security_group(
    original: Callable[..., None],
    backend: Any,  # noqa: ANN401  moto's backend is made of mixins
    name: str | None = None,
    group_id: str | None = None,
) -> None:
    group = backend.get_security_group_by_name_or_id(group_id or name)
    for instance in backend.all_instances():
        if group and instance.state == "shutting-down" and group.id in getattr(instance, _HELD, ()):
            refuse("DependencyViolation", f"resource {group.id} has a dependent object")
    original(backend, name, group_id)
