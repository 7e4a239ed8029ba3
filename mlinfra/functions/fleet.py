"""Auto scaling groups and standalone instances of the account and region."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal

from mlinfra.functions.clients import FAILURES, error_code
from mlinfra.functions.contract import NO_REASON, Tag

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mlinfra.functions.clients import Clients

_GROUP_OF_INSTANCE = "aws:autoscaling:groupName"
"""The tag that EC2 Auto Scaling sets on the instances it launches or attaches."""

IN_SERVICE: Final = "InService"
_LEAVING_LIFECYCLES = ("Terminat", "Detach")
"""Prefixes of the lifecycle states of instances that are leaving their group."""
TERMINATED_STATES: Final = frozenset({"shutting-down", "terminated"})
_ENDED_STATES = TERMINATED_STATES | {"stopping", "stopped"}
"""EC2 charges nothing for an instance in these states (EC2 user guide, "Instance state changes", read 2026-11-29)."""
ON_DEMAND: Final = "on-demand"
CAPACITY_BLOCK: Final = "capacity-block"
"""The `InstanceLifecycle` of an instance in a Capacity Block (EC2 API reference, Instance, read 2026-11-29)."""
_TRANSITION_TIME = re.compile(r"\((\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?:GMT|UTC)\)")
_GROUPS_A_PAGE = 100
_INSTANCES_A_PAGE = 500
_VALUES_A_FILTER = 100
"""EC2 takes up to 200 values in all filters of a call together."""


@dataclass(frozen=True)
class AttachedVolume:
    """An EBS volume of an instance."""

    volume_id: str
    device: str
    deleted_with_node: bool
    """True if EC2 deletes it when the instance is terminated (`DeleteOnTermination`)."""


@dataclass(frozen=True)
class Node:
    """An EC2 instance."""

    instance_id: str
    instance_type: str
    launched: datetime | None = None
    """The time of its last start. None: unknown."""
    state: str | None = None
    """Its EC2 state, such as `running`. None: unknown."""
    lifecycle: str = IN_SERVICE
    """Its Auto Scaling lifecycle state."""
    protected: bool = False
    """True if it is protected from scale-in."""
    volumes: tuple[AttachedVolume, ...] = ()
    market: str = ON_DEMAND
    """Its purchase option: `on-demand`, `spot` or `capacity-block`."""
    zone: str | None = None
    """Its Availability Zone. None: unknown."""
    ended: datetime | None = None
    """The time at which it was last stopped or terminated. None: it runs, or the time is unknown."""
    vcpus: int | None = None
    """The number of its vCPUs. None: unknown."""

    @property
    def has_ended(self) -> bool:
        """True if it is stopped or terminated, or about to be."""
        return self.state in _ENDED_STATES


@dataclass(frozen=True)
class Target:
    """An auto scaling group or a standalone instance."""

    name: str
    """The name of the auto scaling group, or the id of the instance."""
    kind: Literal["group", "instance"]
    tags: Mapping[str, str] = field(default_factory=dict)
    nodes: tuple[Node, ...] = ()
    """Its instances, without those being terminated. Includes a stopped standalone instance."""
    desired: int = 0
    """The desired capacity of the group."""
    minimum: int = 0
    """The minimum size of the group."""
    ended: tuple[Node, ...] = ()
    """Terminated instances of the group that EC2 still describes."""
    suspended: Mapping[str, str] = field(default_factory=dict)
    """The reason of the suspension, by the name of each suspended process of the group."""
    launch_type: str | None = None
    """The first instance type of a group with several. None: its launch template has the type."""
    launch_template: tuple[str, str] | None = None
    """Id and version of the group's launch template. None: it has none."""
    created_at: datetime | None = None
    """The creation time of the group. None: unknown, or an instance (its id is never reused)."""

    @property
    def owner(self) -> str | None:
        """The owner's e-mail address. None: it has no owner tag."""
        return self.tags.get(Tag.OWNER) or None

    @property
    def may_be_stopped(self) -> bool:
        """True if its tag allows stopping it."""
        return self.tags.get(Tag.AUTO_STOP) == "true"

    @property
    def is_stopped(self) -> bool:
        """True if it has no running nodes and requests none."""
        if self.kind == "group":
            return not self.nodes and not self.desired and not self.minimum
        return all(node.state in {"stopping", "stopped"} for node in self.nodes)

    @property
    def is_draining(self) -> bool:
        """True if its desired capacity is 0 and some of its nodes are still in the group."""
        return self.kind == "group" and bool(self.nodes) and not self.desired and not self.minimum


@dataclass
class Listing:
    """The targets found, and the errors of the listing."""

    targets: list[Target] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Fleet:
    """Reads targets from EC2 Auto Scaling and EC2."""

    def __init__(self, clients: Clients) -> None:
        self._autoscaling = clients.autoscaling
        self._ec2 = clients.ec2

    def targets(self) -> Listing:
        """All targets tagged AutoStop=true. After a page that fails, the rest is missing and a problem is listed."""
        listing = Listing()
        wanted = [{"Name": f"tag:{Tag.AUTO_STOP}", "Values": ["true"]}]
        groups = list(self._groups(listing.problems, Filters=wanted))
        ids = [each["InstanceId"] for group in groups for each in group.get("Instances", ()) if "InstanceId" in each]
        instances = self._instances_by_id(ids, listing.problems)
        tagged = list(self._instances(listing.problems, wanted))
        ended = [each for each in tagged if _state(each) in TERMINATED_STATES]
        readings = [partial(_group, group, instances, ended) for group in groups] + [
            partial(_instance, each) for each in tagged if _is_alone(each)
        ]
        _read_targets(listing, readings)
        return listing

    def clusters(self, prefix: str) -> Listing:
        """The auto scaling groups tagged AutoStop=true whose name begins with `prefix`; see `targets`."""
        listing = Listing()
        wanted = [{"Name": f"tag:{Tag.AUTO_STOP}", "Values": ["true"]}]
        groups = [
            group
            for group in self._groups(listing.problems, Filters=wanted)
            if str(group.get("AutoScalingGroupName", "")).startswith(prefix)
        ]
        ids = [each["InstanceId"] for group in groups for each in group.get("Instances", ()) if "InstanceId" in each]
        instances = self._instances_by_id(ids, listing.problems)
        states = {"Name": "instance-state-name", "Values": sorted(TERMINATED_STATES)}
        ended = list(self._instances(listing.problems, [*wanted, states])) if groups else []
        _read_targets(listing, [partial(_group, group, instances, ended) for group in groups])
        return listing

    def refresh(self, target: Target) -> Target | None:
        """The current state of `target`. None: it no longer exists.

        Raises:
            DescribeFailedError: if AWS did not describe it.
        """
        return self.group(target.name) if target.kind == "group" else self._single(target.name)

    def group(self, name: str) -> Target | None:
        """The auto scaling group of this name, regardless of its tags. None: it does not exist.

        Raises:
            DescribeFailedError: if AWS did not describe it.
        """
        problems: list[str] = []
        groups = list(self._groups(problems, AutoScalingGroupNames=[name]))
        ids = [each["InstanceId"] for group in groups for each in group.get("Instances", ()) if "InstanceId" in each]
        instances = self._instances_by_id(ids, problems)
        ended = self._ended_instances(name, problems) if groups else []
        if problems:
            raise DescribeFailedError("; ".join(problems))
        return _group(groups[0], instances, ended) if groups else None

    def tags_of_group(self, name: str) -> dict[str, str]:
        """The tags of the auto scaling group of this name; empty if it does not exist.

        Raises:
            ClientError: or another of `clients.FAILURES`, if the call fails.
        """
        groups = self._autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
        return _tags(groups[0]) if groups else {}

    def _single(self, instance_id: str) -> Target | None:
        problems: list[str] = []
        instances = self._instances_by_id([instance_id], problems)
        if problems:
            raise DescribeFailedError("; ".join(problems))
        found = instances.get(instance_id)
        return _instance(found) if found and found["State"]["Name"] not in TERMINATED_STATES else None

    def _groups(self, problems: list[str], **arguments: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401
        pages = self._autoscaling.get_paginator("describe_auto_scaling_groups").paginate(
            **arguments, PaginationConfig={"PageSize": _GROUPS_A_PAGE}
        )
        try:
            for page in pages:
                yield from page["AutoScalingGroups"]
        except (KeyError, *FAILURES) as error:
            problems.append(f"not all auto scaling groups could be listed: {error_code(error)}: {error}")

    def _instances(self, problems: list[str], filters: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        pages = self._ec2.get_paginator("describe_instances").paginate(
            Filters=filters, PaginationConfig={"PageSize": _INSTANCES_A_PAGE}
        )
        try:
            for page in pages:
                for reservation in page["Reservations"]:
                    yield from reservation["Instances"]
        except (KeyError, *FAILURES) as error:
            problems.append(f"not all instances could be listed: {error_code(error)}: {error}")

    def _ended_instances(self, group: str, problems: list[str]) -> list[dict[str, Any]]:
        filters = [
            {"Name": f"tag:{_GROUP_OF_INSTANCE}", "Values": [group]},
            {"Name": "instance-state-name", "Values": sorted(TERMINATED_STATES)},
        ]
        return list(self._instances(problems, filters))

    def _instances_by_id(self, ids: Sequence[str], problems: list[str]) -> dict[str, dict[str, Any]]:
        """By a filter instead of ids: EC2 refuses a call by ids if one of them no longer exists."""
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(ids), _VALUES_A_FILTER):
            some = list(ids[start : start + _VALUES_A_FILTER])
            for instance in self._instances(problems, [{"Name": "instance-id", "Values": some}]):
                found[instance["InstanceId"]] = instance
        return found


class DescribeFailedError(Exception):
    """AWS did not describe a target."""


def _read_targets(listing: Listing, readings: Sequence[partial[Target]]) -> None:
    for reading in readings:
        try:
            target = reading()
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            listing.problems.append(f"the description of {reading.args[0]} could not be parsed: {error!r}")
            continue
        if target.may_be_stopped:
            listing.targets.append(target)


def _group(
    group: Mapping[str, Any],
    instances: Mapping[str, Mapping[str, Any]],
    ended: Sequence[Mapping[str, Any]],
) -> Target:
    name = group["AutoScalingGroupName"]
    nodes = []
    for member in group.get("Instances", ()):
        instance = instances.get(member["InstanceId"], {})
        state = instance.get("State", {}).get("Name")
        if member["LifecycleState"].startswith(_LEAVING_LIFECYCLES) or state in TERMINATED_STATES:
            continue
        nodes.append(
            Node(
                instance_id=member["InstanceId"],
                instance_type=instance.get("InstanceType") or member.get("InstanceType") or "unknown",
                launched=instance.get("LaunchTime"),
                state=state,
                lifecycle=member["LifecycleState"],
                protected=bool(member.get("ProtectedFromScaleIn")),
                volumes=_volumes(instance),
                market=instance.get("InstanceLifecycle", ON_DEMAND),
                zone=instance.get("Placement", {}).get("AvailabilityZone"),
                ended=_ended(instance),
                vcpus=_vcpus(instance),
            )
        )
    return Target(
        name=name,
        kind="group",
        tags=_tags(group),
        nodes=tuple(nodes),
        desired=group["DesiredCapacity"],
        minimum=group["MinSize"],
        ended=tuple(_node(each) for each in ended if _tags(each).get(_GROUP_OF_INSTANCE) == name),
        suspended={
            each["ProcessName"]: each.get("SuspensionReason") or NO_REASON
            for each in group.get("SuspendedProcesses", ())
        },
        launch_type=_launch_type(group),
        launch_template=_launch_template(group),
        created_at=group.get("CreatedTime"),
    )


def _launch_type(group: Mapping[str, Any]) -> str | None:
    overrides = group.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {}).get("Overrides") or [{}]
    found: str | None = overrides[0].get("InstanceType")
    return found


def _launch_template(group: Mapping[str, Any]) -> tuple[str, str] | None:
    mixed = group.get("MixedInstancesPolicy", {}).get("LaunchTemplate", {}).get("LaunchTemplateSpecification")
    found = group.get("LaunchTemplate") or mixed
    # Without a version, the default one is launched (Auto Scaling API reference, LaunchTemplateSpecification).
    return (found["LaunchTemplateId"], found.get("Version", "$Default")) if found else None


def _is_alone(instance: Mapping[str, Any]) -> bool:
    return _GROUP_OF_INSTANCE not in _tags(instance) and _state(instance) not in TERMINATED_STATES


def _state(instance: Mapping[str, Any]) -> str | None:
    state: str | None = instance.get("State", {}).get("Name")
    return state


def _instance(instance: Mapping[str, Any]) -> Target:
    return Target(name=instance["InstanceId"], kind="instance", tags=_tags(instance), nodes=(_node(instance),))


def _node(instance: Mapping[str, Any]) -> Node:
    return Node(
        instance_id=instance["InstanceId"],
        instance_type=instance["InstanceType"],
        launched=instance.get("LaunchTime"),
        state=instance["State"]["Name"],
        volumes=_volumes(instance),
        market=instance.get("InstanceLifecycle", ON_DEMAND),
        zone=instance.get("Placement", {}).get("AvailabilityZone"),
        ended=_ended(instance),
        vcpus=_vcpus(instance),
    )


def _vcpus(instance: Mapping[str, Any]) -> int | None:
    """Source: EC2 API reference, CpuOptions of DescribeInstances, read 2026-11-29."""
    options = instance.get("CpuOptions", {})
    cores, threads = options.get("CoreCount"), options.get("ThreadsPerCore")
    return cores * threads if cores and threads else None


def _ended(instance: Mapping[str, Any]) -> datetime | None:
    """The time in `StateTransitionReason`, such as "User initiated (2026-11-29 14:00:00 GMT)".

    Source: EC2 user guide, "Troubleshoot instance termination issues", read 2026-11-29. Other reasons have no time.
    """
    found = _TRANSITION_TIME.search(instance.get("StateTransitionReason") or "")
    if found is None or _state(instance) not in _ENDED_STATES:
        return None
    return datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)


def _volumes(instance: Mapping[str, Any]) -> tuple[AttachedVolume, ...]:
    mappings = [(each["DeviceName"], each["Ebs"]) for each in instance.get("BlockDeviceMappings", ()) if "Ebs" in each]
    return tuple(AttachedVolume(ebs["VolumeId"], device, ebs["DeleteOnTermination"]) for device, ebs in mappings)


def _tags(resource: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value", "") for tag in resource.get("Tags", ())}
