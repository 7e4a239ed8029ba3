"""Gap: number, type and placement of the instances of an auto scaling group.

With a mixed instances policy, moto rounds the on-demand and the spot share down separately, so that a group
may never reach its capacity, and launches on-demand instances of the template's type. It also launches the
template's default version regardless of the requested one, and places all instances in the first subnet. In
AWS, instances are in zones that offer their type, and have the first type of the overrides with available
capacity. The base and the percentage above it (rounded up) are on-demand instances, the rest are spot
instances, and all are spread over the subnets.
Source: Auto Scaling user guide, "Allocation strategies for multiple instance types", and API reference,
InstancesDistribution, read 2026-11-24.
"""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from moto.autoscaling.models import ASG_NAME_TAG, FakeAutoScalingGroup, InstanceState

from mlinfra.local_aws.gaps.ec2.instance_type_zones import zones_offering

if TYPE_CHECKING:
    from collections.abc import Mapping


def is_open() -> bool:
    """True if moto rounds the shares down: one instance where two are required."""
    launched: list[int] = []
    group: Any = FakeAutoScalingGroup.__new__(FakeAutoScalingGroup)
    group.name, group.instance_states, group._tags = "probe", [], []  # noqa: SLF001
    group.autoscaling_backend = SimpleNamespace(autoscaling_groups={})
    group.replace_autoscaling_group_instances = lambda count, _tags: launched.append(count)
    group.mixed_instances_policy = {
        "LaunchTemplate": {"Overrides": [{"InstanceType": "m5.large"}]},
        "InstancesDistribution": {"OnDemandBaseCapacity": 1, "OnDemandPercentageAboveBaseCapacity": 50},
    }
    group.set_desired_capacity(2)
    return launched != [2]


def close() -> None:
    """Close the gap: launch as many instances as the group and its policy require."""
    FakeAutoScalingGroup.set_desired_capacity = _set_desired_capacity  # type: ignore[method-assign, assignment]
    FakeAutoScalingGroup.replace_autoscaling_group_instances = _launch  # type: ignore[method-assign, assignment]


def _set_desired_capacity(group: FakeAutoScalingGroup, new_capacity: int | None) -> None:
    group.desired_capacity = group.min_size if new_capacity is None else new_capacity
    weight = int(_first_override(group).get("WeightedCapacity") or 1)
    wanted = math.ceil((group.desired_capacity or 0) / weight)
    surplus = len(group.active_instances()) - wanted
    if surplus < 0:
        group.replace_autoscaling_group_instances(-surplus, group.get_propagated_tags())
    elif surplus > 0:
        unprotected = [each for each in group.active_instances() if not each.protected_from_scale_in]
        leaving = unprotected[:surplus]
        if leaving:
            group.ec2_backend.terminate_instances([each.instance.id for each in leaving])
            group.instance_states = [each for each in group.instance_states if each not in leaving]
    if group.name in group.autoscaling_backend.autoscaling_groups:
        group.autoscaling_backend.update_attached_elbs(group.name)
        group.autoscaling_backend.update_attached_target_groups(group.name)


def _launch(group: FakeAutoScalingGroup, count_needed: int, propagated_tags: dict[str, str]) -> None:
    for _ in range(count_needed):
        if not _places(group):
            return  # every launch fails, and the group stays too small
        group.instance_states.append(_launched(group, propagated_tags))


def _launched(group: FakeAutoScalingGroup, propagated_tags: Mapping[str, str]) -> InstanceState:
    tags = {**group.instance_tags, **propagated_tags, ASG_NAME_TAG: group.name}
    template = group.ec2_launch_template
    subnet, zone = _place(group)
    reservation = group.ec2_backend.run_instances(
        group.image_id,
        1,
        group.user_data,
        group.security_groups,
        instance_type=_instance_type(group),
        is_instance_type_default=False,
        tags={"instance": tags},
        region_name=group.region,
        placement=zone,
        subnet_id=subnet,
        launch_config=group.launch_config,
        launch_template=template and {"LaunchTemplateId": template.id, "Version": group.launch_template_version},
        associate_public_ip=group.launch_config and group.launch_config.associate_public_ip_address,
        instance_market_options="spot" if _is_spot(group) else None,
    )
    instance: Any = reservation.instances[0]
    instance.autoscaling_group = group
    instance.placement.group_name = group.placement_group or instance.placement.group_name
    state: Any = InstanceState(instance, protected_from_scale_in=group.new_instances_protected_from_scale_in)
    state.weighted_capacity = _first_override(group).get("WeightedCapacity")
    return state  # type: ignore[no-any-return]


def _place(group: FakeAutoScalingGroup) -> tuple[str | None, str | None]:
    """The subnet with the fewest of the group's instances, or the zone for a group without subnets."""
    instances = [each.instance for each in group.instance_states]
    if group.vpc_zone_identifier:
        return min(_places(group), key=[each.subnet_id for each in instances].count), None
    return None, min(_places(group), key=[each.placement.zone for each in instances].count)


def _places(group: FakeAutoScalingGroup) -> list[str]:
    """The subnets of the group, or its zones, that are in a zone that offers its instance type."""
    backend: Any = group.ec2_backend
    zones = {zone: zone for zone in group.availability_zones}
    if group.vpc_zone_identifier:
        zones = {each: backend.get_subnet(each).availability_zone for each in group.vpc_zone_identifier.split(",")}
    offering = zones_offering(_instance_type(group), group.region, zones.values())
    return [place for place, zone in zones.items() if zone in offering]


def _instance_type(group: FakeAutoScalingGroup) -> str:
    return str(_first_override(group).get("InstanceType") or group.instance_type)


def _first_override(group: FakeAutoScalingGroup) -> Mapping[str, Any]:
    """The override that AWS would try first. The local AWS always has capacity."""
    overrides = ((group.mixed_instances_policy or {}).get("LaunchTemplate") or {}).get("Overrides")
    return overrides[0] if overrides else {}


def _is_spot(group: FakeAutoScalingGroup) -> bool:
    """True if the next instance is a spot instance, given the group's present instances."""
    distribution = (group.mixed_instances_policy or {}).get("InstancesDistribution")
    if not distribution:
        return False
    base = int(distribution.get("OnDemandBaseCapacity") or 0)
    percentage = int(distribution.get("OnDemandPercentageAboveBaseCapacity", 100))
    desired = group.desired_capacity or 0
    on_demand = min(desired, base + math.ceil(max(desired - base, 0) * percentage / 100))
    weight = int(_first_override(group).get("WeightedCapacity") or 1)
    running = sum(weight for each in group.active_instances() if each.instance.lifecycle != "spot")
    return running >= on_demand
