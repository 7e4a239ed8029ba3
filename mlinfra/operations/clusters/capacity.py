"""Capacity for all nodes of a cluster at once, held by a reservation while they are launched.

An auto scaling group launches the nodes for which EC2 has capacity and tries again for the others, so that nodes which
work together are billed while they wait for the last one. A Capacity Reservation is created for all instances or not at
all. It is billed like its instances, by the second, from its creation, and instances that run in it are billed once.
After its cancellation its instances keep running. One in a cluster placement group holds instances of that group only.
Source: EC2 user guide, "Create a Capacity Reservation", "Use Capacity Reservations with placement groups", "Capacity
Reservation pricing and billing" and "Cancel a Capacity Reservation", read 2026-11-30.

Rejected: `LaunchInstances` of EC2 Auto Scaling returns errors beside the instances that it launched. An EC2 Fleet of
type `instant` with `MinTargetCapacity`, or RunInstances with an equal `MinCount` and `MaxCount`, launches all or none,
but outside of the group, without its tags and its protection from scale-in. Source: Auto Scaling API reference,
LaunchInstances; EC2 API reference, OnDemandOptionsRequest and RunInstances; read 2026-11-30.
"""

from __future__ import annotations

import time
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from mlinfra.command import own_command
from mlinfra.errors import OperationError
from mlinfra.functions import clock
from mlinfra.functions.clients import FAILURES, error_code
from mlinfra.functions.contract import Tag
from mlinfra.functions.launch_errors import UNKNOWN, launch_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlinfra.functions.assessment import Assessment
    from mlinfra.operations.clusters.inventory import ClusterAccount

_INTERVAL_SECONDS: Final = 20.0
"""The interval of attempts. EC2 gives back 5 calls a second to its mutating actions (EC2 API reference, "Request
throttling", read 2026-11-30), which all users of the account share."""
_LAUNCH_SECONDS: Final = 180.0
"""The longest wait for the launches. EC2 Auto Scaling begins them within a minute."""
_POLL_SECONDS: Final = 5.0
_LONGEST_HOLD: Final = timedelta(minutes=15)
"""The end of a reservation that is not cancelled, because the command was killed. AWS ends it up to an hour later (EC2
user guide, "Work with Capacity Reservations", read 2026-11-30)."""
_NO_CAPACITY: Final = frozenset({"InsufficientInstanceCapacity", "InsufficientCapacity"})
"""The codes of EC2's refusal for want of capacity (EC2 API reference, "Error codes", read 2026-11-30)."""
_DENIED: Final = frozenset({"UnauthorizedOperation", "AccessDenied"})
_FAILED: Final = "failed"
"""The state of a reservation for which there is no capacity (EC2 API reference, CapacityReservation, read
2026-11-30)."""
_LINUX: Final = "Linux/UNIX"


@dataclass(frozen=True, kw_only=True)
class CapacityWait:
    """The wait for the capacity of all nodes."""

    seconds: float
    """The longest wait, in seconds."""
    say: Callable[[str], None]
    """Reports the reason for the wait, as a clause, at each attempt."""
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic


@contextmanager
def reserved_capacity(
    account: ClusterAccount, seen: Assessment, nodes: int, wait: CapacityWait | None
) -> Iterator[str | None]:
    """Hold the capacity of all nodes of a cluster while they are requested, and until they are launched.

    Yields:
        The reason for which nodes may be launched one by one, as a clause. None: all are launched together, or the
        cluster need not have them together.

    Args:
        account: the account.
        seen: the cluster before its start.
        nodes: the number of its nodes.
        wait: the wait while EC2 has no capacity for all. None: one attempt.

    Raises:
        OperationError: if EC2 had no capacity for all nodes during the wait. Nothing was reserved.
    """
    try:
        request = _request(account, seen, nodes)
        identifier = _reserve(account, seen, request, wait) if request else None
        reason = None if identifier or not request else "EC2 has no capacity for all nodes together now"
    except FAILURES as error:
        # Not every type can be reserved, and not every user may: the group can launch what there is.
        identifier, reason = None, _explained(error)
    if identifier is None:
        yield reason
        return
    try:
        yield None
        _await_launch(account, seen.target.name, nodes, wait or CapacityWait(seconds=0.0, say=lambda _: None))
    finally:
        # It has an end: a failed call must not hide the outcome of the start.
        with suppress(*FAILURES):
            account.clients.ec2.cancel_capacity_reservation(CapacityReservationId=identifier)


def _request(account: ClusterAccount, seen: Assessment, nodes: int) -> dict[str, Any] | None:
    """The reservation of all nodes. None: they need not be launched together, or have another source of capacity."""
    target = seen.target
    if nodes == 1 or not seen.rules.gang or target.nodes or target.launch_template is None:
        return None
    (group,) = account.clients.autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[target.name])[
        "AutoScalingGroups"
    ]
    zones, placement = group["AvailabilityZones"], group.get("PlacementGroup")
    # Outside of a placement group, any instance of the account could take the capacity.
    if group.get("MixedInstancesPolicy") or not placement or len(zones) != 1:
        return None
    template = _template(account, target.launch_template)
    if template.get("InstanceMarketOptions") or template.get("CapacityReservationSpecification"):
        return None
    environment = account.environment
    tags = {name: target.tags[name] for name in (Tag.PROJECT, Tag.ENVIRONMENT, Tag.EXPERIMENT) if name in target.tags}
    return {
        "InstanceType": template["InstanceType"],
        "InstancePlatform": _platform(account, template["ImageId"]),
        "AvailabilityZone": zones[0],
        "InstanceCount": nodes,
        "InstanceMatchCriteria": "open",
        "PlacementGroupArn": f"arn:aws:ec2:{environment.region}:{environment.account_id}:placement-group/{placement}",
        "EndDateType": "limited",
        "TagSpecifications": [
            {
                "ResourceType": "capacity-reservation",
                "Tags": [{"Key": name, "Value": value} for name, value in {**tags, "Name": target.name}.items()],
            }
        ],
    }


def _template(account: ClusterAccount, template: tuple[str, str]) -> dict[str, Any]:
    identifier, version = template
    (found,) = account.clients.ec2.describe_launch_template_versions(LaunchTemplateId=identifier, Versions=[version])[
        "LaunchTemplateVersions"
    ]
    data: dict[str, Any] = found["LaunchTemplateData"]
    return data


def _platform(account: ClusterAccount, image_id: str) -> str:
    """The platform of the image: instances of another one do not run in the reservation."""
    images = account.clients.ec2.describe_images(ImageIds=[image_id])["Images"]
    return str(images[0].get("PlatformDetails") or _LINUX) if images else _LINUX


def _reserve(
    account: ClusterAccount, seen: Assessment, request: dict[str, Any], wait: CapacityWait | None
) -> str | None:
    """Reserve the capacity, and return the id of the reservation. None: there is no capacity, and no wait.

    Raises:
        ClientError: if AWS refuses for another reason.
        OperationError: if EC2 had no capacity during the wait.
    """
    deadline = wait.monotonic() + wait.seconds if wait else 0.0
    while True:
        try:
            answer = account.clients.ec2.create_capacity_reservation(
                **request, EndDate=clock.now() + _LONGEST_HOLD, ClientToken=str(uuid.uuid4())
            )
            made = answer["CapacityReservation"]
            if made["State"] != _FAILED:
                return str(made["CapacityReservationId"])
        except ClientError as error:
            if error_code(error) not in _NO_CAPACITY:
                raise
        if wait is None:
            return None
        wait.say(f"{_missing(request)}. Nothing is billed meanwhile")
        if wait.monotonic() >= deadline:
            raise OperationError(_given_up(account, seen, request, wait))
        wait.sleep(min(_INTERVAL_SECONDS, max(deadline - wait.monotonic(), 0.0)))


def _missing(request: dict[str, Any]) -> str:
    count, kind, zone = request["InstanceCount"], request["InstanceType"], request["AvailabilityZone"]
    return f"EC2 has no capacity for {count} {kind} together in {zone}"


def _given_up(account: ClusterAccount, seen: Assessment, request: dict[str, Any], wait: CapacityWait) -> str:
    return (
        f"{_missing(request)}, for {wait.seconds / 60:.0f} minutes. No node was requested, and nothing is billed. Try "
        f"again later, or set another zone or instance type of the experiment and deploy. To request the nodes one by "
        f"one, each billed from its launch: {own_command()} clusters start {account.environment.name} "
        f"{seen.target.tags.get(Tag.EXPERIMENT, '')}"
    )


def _explained(error: Exception) -> str:
    """The reason for which the capacity was not reserved."""
    code = error_code(error)
    if code in _DENIED:
        return "the capacity of all nodes together could not be reserved: it needs ec2:CreateCapacityReservation"
    known = launch_error(f"{code}: {error}")
    reason = f"EC2 refused it, {code}" if known is UNKNOWN else known.reason
    return f"the capacity of all nodes together could not be reserved: {reason}"


def _await_launch(account: ClusterAccount, name: str, nodes: int, wait: CapacityWait) -> None:
    """Wait until all nodes are launched, so that they are in the reservation before it is cancelled."""
    deadline = wait.monotonic() + _LAUNCH_SECONDS
    with suppress(*FAILURES):
        while (target := account.fleet.group(name)) and len(target.nodes) < nodes and wait.monotonic() < deadline:
            wait.sleep(_POLL_SECONDS)
