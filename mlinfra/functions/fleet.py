"""Everything in the account and region that may be stopped: auto scaling groups, and instances of no group."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal

from mlinfra.functions.clients import FAILURES, error_code
from mlinfra.functions.contract import Tag

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from mlinfra.functions.clients import Clients

_GROUP_OF_INSTANCE = "aws:autoscaling:groupName"
"""The tag that EC2 Auto Scaling puts on what it launches or takes in."""

IN_SERVICE: Final = "InService"
_GONE_FROM_GROUP = ("Terminat", "Detach")
"""How the lifecycle states of instances begin that the group has given up."""
GONE_FROM_EC2: Final = frozenset({"shutting-down", "terminated"})
_GROUPS_A_PAGE = 100
_INSTANCES_A_PAGE = 500
_VALUES_A_FILTER = 100
"""EC2 takes up to 200 values in all filters of a call together."""


@dataclass(frozen=True)
class AttachedVolume:
    """An EBS volume of an instance."""

    volume_id: str
    device: str
    goes_with_node: bool
    """Whether EC2 deletes it when it terminates the instance."""


@dataclass(frozen=True)
class Node:
    """An instance."""

    instance_id: str
    instance_type: str
    launched: datetime | None = None
    """When it was last started; None: EC2 did not say."""
    state: str | None = None
    """EC2's word for what it does; None: EC2 did not say."""
    lifecycle: str = IN_SERVICE
    """Auto Scaling's word for what it does."""
    protected: bool = False
    """Whether it is protected from scale-in."""
    volumes: tuple[AttachedVolume, ...] = ()


@dataclass(frozen=True)
class Target:
    """Something that may be stopped."""

    name: str
    """The name of the auto scaling group, or the id of the instance."""
    kind: Literal["group", "instance"]
    tags: Mapping[str, str] = field(default_factory=dict)
    nodes: tuple[Node, ...] = ()
    """Its instances, without those that are going. A stopped instance of no group is here too."""
    desired: int = 0
    """How many instances the group shall have."""
    minimum: int = 0
    """How many instances the group has at least."""
    made: datetime | None = None
    """When the group was made. None: nobody said; or it is an instance, whose id no other ever has."""

    @property
    def owner(self) -> str | None:
        """Who answers for it."""
        return self.tags.get(Tag.OWNER) or None

    @property
    def may_be_stopped(self) -> bool:
        """Whether anything may be done to it at all."""
        return self.tags.get(Tag.AUTO_STOP) == "true"

    @property
    def is_stopped(self) -> bool:
        """Whether nothing of it runs, and nothing is asked for."""
        if self.kind == "group":
            return not self.nodes and not self.desired and not self.minimum
        return all(node.state in {"stopping", "stopped"} for node in self.nodes)

    @property
    def is_leaving(self) -> bool:
        """Whether its group asks for no instance any more, and some are still there."""
        return self.kind == "group" and bool(self.nodes) and not self.desired and not self.minimum


@dataclass
class Listing:
    """What was found, and what could not be looked at."""

    targets: list[Target] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Fleet:
    """Auto Scaling and EC2, as far as they list."""

    def __init__(self, clients: Clients) -> None:
        self._autoscaling = clients.autoscaling
        self._ec2 = clients.ec2

    def targets(self) -> Listing:
        """Everything tagged AutoStop=true. A page that fails costs what is on it and after it, and is a problem."""
        listing = Listing()
        wanted = [{"Name": f"tag:{Tag.AUTO_STOP}", "Values": ["true"]}]
        groups = list(self._groups(listing.problems, Filters=wanted))
        ids = [each["InstanceId"] for group in groups for each in group.get("Instances", ()) if "InstanceId" in each]
        instances = self._instances_by_id(ids, listing.problems)
        alone = [each for each in self._instances(listing.problems, wanted) if _is_alone(each)]
        readings = [partial(_group, group, instances) for group in groups] + [
            partial(_instance, each) for each in alone
        ]
        for reading in readings:
            try:
                target = reading()
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                listing.problems.append(f"AWS's word about {reading.args[0]} cannot be read: {error!r}")
                continue
            if target.may_be_stopped:
                listing.targets.append(target)
        return listing

    def again(self, target: Target) -> Target | None:
        """`target` as it is now; None: it is gone.

        Raises:
            LookFailedError: where AWS did not answer.
        """
        return self.group(target.name) if target.kind == "group" else self._single(target.name)

    def group(self, name: str) -> Target | None:
        """The auto scaling group of this name, whatever its tags; None: there is none.

        Raises:
            LookFailedError: where AWS did not answer.
        """
        problems: list[str] = []
        groups = list(self._groups(problems, AutoScalingGroupNames=[name]))
        ids = [each["InstanceId"] for group in groups for each in group.get("Instances", ()) if "InstanceId" in each]
        instances = self._instances_by_id(ids, problems)
        if problems:
            raise LookFailedError("; ".join(problems))
        return _group(groups[0], instances) if groups else None

    def tags_of_group(self, name: str) -> dict[str, str]:
        """The tags of the auto scaling group of this name; none where there is no such group.

        Raises:
            ClientError: or another of `clients.FAILURES`, where AWS did not answer.
        """
        groups = self._autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
        return _tags(groups[0]) if groups else {}

    def _single(self, instance_id: str) -> Target | None:
        problems: list[str] = []
        instances = self._instances_by_id([instance_id], problems)
        if problems:
            raise LookFailedError("; ".join(problems))
        found = instances.get(instance_id)
        return _instance(found) if found and found["State"]["Name"] not in GONE_FROM_EC2 else None

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

    def _instances_by_id(self, ids: Sequence[str], problems: list[str]) -> dict[str, dict[str, Any]]:
        """By a filter and not by name: one id that is gone would have EC2 refuse to speak of the others."""
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(ids), _VALUES_A_FILTER):
            some = list(ids[start : start + _VALUES_A_FILTER])
            for instance in self._instances(problems, [{"Name": "instance-id", "Values": some}]):
                found[instance["InstanceId"]] = instance
        return found


class LookFailedError(Exception):
    """AWS did not say what a target is like now."""


def _group(group: Mapping[str, Any], instances: Mapping[str, Mapping[str, Any]]) -> Target:
    nodes = []
    for member in group.get("Instances", ()):
        instance = instances.get(member["InstanceId"], {})
        state = instance.get("State", {}).get("Name")
        if member["LifecycleState"].startswith(_GONE_FROM_GROUP) or state in GONE_FROM_EC2:
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
            )
        )
    return Target(
        name=group["AutoScalingGroupName"],
        kind="group",
        tags=_tags(group),
        nodes=tuple(nodes),
        desired=group["DesiredCapacity"],
        minimum=group["MinSize"],
        made=group.get("CreatedTime"),
    )


def _is_alone(instance: Mapping[str, Any]) -> bool:
    state = instance.get("State", {}).get("Name")
    return _GROUP_OF_INSTANCE not in _tags(instance) and state not in GONE_FROM_EC2


def _instance(instance: Mapping[str, Any]) -> Target:
    node = Node(
        instance_id=instance["InstanceId"],
        instance_type=instance["InstanceType"],
        launched=instance.get("LaunchTime"),
        state=instance["State"]["Name"],
        volumes=_volumes(instance),
    )
    return Target(name=instance["InstanceId"], kind="instance", tags=_tags(instance), nodes=(node,))


def _volumes(instance: Mapping[str, Any]) -> tuple[AttachedVolume, ...]:
    mappings = [(each["DeviceName"], each["Ebs"]) for each in instance.get("BlockDeviceMappings", ()) if "Ebs" in each]
    return tuple(AttachedVolume(ebs["VolumeId"], device, ebs["DeleteOnTermination"]) for device, ebs in mappings)


def _tags(resource: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag.get("Value", "") for tag in resource.get("Tags", ())}
