"""Gap: settings of auto scaling groups, and the resources that belong to a group.

moto discards the warm-up, the maximum lifetime and other settings, accepts some of them only at creation,
removes the mixed instances policy at an update that does not name it, creates no initial lifecycle hooks, and
keeps the resources of a group after the group is deleted. Source: Auto Scaling API reference,
CreateAutoScalingGroup, UpdateAutoScalingGroup, DeleteAutoScalingGroup and AutoScalingGroup, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.autoscaling.models import FakeAutoScalingGroup
from moto.autoscaling.responses import AutoScalingResponse

from mlinfra.local_aws.gaps.autoscaling.lifecycle_hooks import put_hook
from mlinfra.local_aws.mechanisms.autoscaling_requests import checked, group_called, refuse
from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from moto.core.responses import ActionResult

_SETTINGS = {
    "AvailabilityZoneDistribution": "availability_zone_distribution",
    "AvailabilityZoneImpairmentPolicy": "availability_zone_impairment_policy",
    "CapacityRebalance": "capacity_rebalance",
    "CapacityReservationSpecification": "capacity_reservation_specification",
    "Context": "context",
    "DefaultCooldown": "default_cooldown",
    "DefaultInstanceWarmup": "default_instance_warmup",
    "DesiredCapacityType": "desired_capacity_type",
    "InstanceMaintenancePolicy": "instance_maintenance_policy",
    "MaxInstanceLifetime": "max_instance_lifetime",
    "PlacementGroup": "placement_group",
    "ServiceLinkedRoleARN": "service_linked_role_arn",
    "TerminationPolicies": "termination_policies",
}
"""Request members, with the attributes from which DescribeAutoScalingGroups answers them."""

_DEFAULTS: dict[str, Any] = {
    "AvailabilityZoneDistribution": {"CapacityDistributionStrategy": "balanced-best-effort"},
    "CapacityReservationSpecification": {"CapacityReservationPreference": "default"},
}
"""Settings of a group whose request does not name them."""

_UNSET = -1
"""The value that removes the warm-up."""


def is_open() -> bool:
    """True if moto's groups have no warm-up."""
    return "default_instance_warmup" not in FakeAutoScalingGroup.__init__.__code__.co_varnames


def close() -> None:
    """Close the gap: keep the settings, and create and delete a group's own resources with it."""
    wrap(AutoScalingResponse, "create_auto_scaling_group", _create)
    wrap(AutoScalingResponse, "update_auto_scaling_group", _update)
    wrap(AutoScalingResponse, "delete_auto_scaling_group", _delete)


def _create(original: Callable[..., ActionResult], response: AutoScalingResponse) -> ActionResult:
    request = checked(response, "CreateAutoScalingGroup")
    backend, name = response.autoscaling_backend, request["AutoScalingGroupName"]
    if name in backend.autoscaling_groups:
        message = f"AutoScalingGroup by this name already exists - A group with the name {name} already exists"
        refuse(message, "AlreadyExists")
    _check_sizes(request.get("MinSize"), request.get("MaxSize"), request.get("DesiredCapacity"))
    answer = original(response)
    _apply(backend.autoscaling_groups[name], {**_DEFAULTS, **request})
    for hook in request.get("LifecycleHookSpecificationList") or []:
        put_hook(backend, {**hook, "AutoScalingGroupName": name})
    return answer


def _update(original: Callable[..., ActionResult], response: AutoScalingResponse) -> ActionResult:
    request = checked(response, "UpdateAutoScalingGroup")
    group = group_called(response.autoscaling_backend, request["AutoScalingGroupName"])
    _check_sizes(
        request.get("MinSize", group.min_size), request.get("MaxSize", group.max_size), request.get("DesiredCapacity")
    )
    policy = group.mixed_instances_policy
    answer = original(response)
    if not request.get("LaunchTemplate") and not request.get("LaunchConfigurationName"):
        group.mixed_instances_policy = group.mixed_instances_policy or policy
    _apply(group, request)
    return answer


def _delete(original: Callable[..., ActionResult], response: AutoScalingResponse) -> ActionResult:
    request = checked(response, "DeleteAutoScalingGroup")
    backend = response.autoscaling_backend
    group = group_called(backend, request["AutoScalingGroupName"])
    if group.instance_states and not request.get("ForceDelete"):
        message = "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s)"
        refuse(f"{message} still in the group.", "ResourceInUse")
    for state in group.instance_states:
        # With ForceDelete, AWS terminates protected instances too; moto would leave them running.
        state.protected_from_scale_in = False
    answer = original(response)
    belongings: tuple[dict[str, Any], ...] = (backend.lifecycle_hooks, backend.policies, backend.scheduled_actions)
    for things in belongings:
        for key in [key for key, each in things.items() if each.auto_scaling_group_name == group.name]:
            del things[key]
    return answer


def _check_sizes(smallest: int | None, largest: int | None, desired: int | None) -> None:
    if smallest is None or largest is None:
        return
    if smallest > largest:
        refuse("Min size must be less than or equal to max size")
    if desired is not None and not smallest <= desired <= largest:
        sizes = f"the specified min size:{smallest} and max size:{largest}"
        refuse(f"Desired capacity:{desired} must be between {sizes}")


def _apply(group: FakeAutoScalingGroup, request: Mapping[str, Any]) -> None:
    for member, attribute in _SETTINGS.items():
        if member in request:
            setattr(group, attribute, request[member])
    if request.get("DefaultInstanceWarmup") == _UNSET:
        group.default_instance_warmup = None  # type: ignore[attr-defined]
