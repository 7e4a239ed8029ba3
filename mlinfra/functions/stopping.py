"""Stopping a cluster or single nodes on AWS: the only code that does so, for functions and the command line."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from botocore.exceptions import ClientError

from mlinfra.functions import cost
from mlinfra.functions.clients import error_code
from mlinfra.functions.volumes import Volumes

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime, timedelta

    from mlinfra.functions.clients import Clients
    from mlinfra.functions.fleet import Node, Target

_INSTANCES_A_CALL = 100
_IN_PROGRESS: Final = frozenset({"ScalingActivityInProgress", "ResourceContention"})
"""The codes of TerminateInstanceInAutoScalingGroup while the group is changing (EC2 Auto Scaling API reference, read
2026-11-29)."""


@dataclass(frozen=True)
class Stopped:
    """The effect of stopping a cluster."""

    nodes: tuple[Node, ...]
    """The nodes that are terminated or stopped."""
    staying: tuple[Node, ...] = ()
    """The nodes protected from scale-in, which are terminated once their node guard removes the protection."""
    volumes: tuple[str, ...] = ()
    """The ids of the volumes kept for the grace period."""
    delete_after: datetime | None = None
    """The end of the grace period, when the volumes are deleted."""

    @property
    def usd_saved(self) -> float | None:
        """The cost of the stopped nodes over the next 24 hours, in USD. None: unknown."""
        return cost.of_a_day(self.nodes)


def plan(target: Target, now: datetime, grace: timedelta, *, terminate: Collection[str] = ()) -> Stopped:
    """The effect that `stop` would have, without the volumes."""
    staying = tuple(node for node in target.nodes if node.protected and node.instance_id not in terminate)
    return Stopped(
        nodes=tuple(node for node in target.nodes if node not in staying),
        staying=staying,
        delete_after=now + grace,
    )


def stop(
    clients: Clients, target: Target, now: datetime, grace: timedelta, *, terminate: Collection[str] = ()
) -> Stopped:
    """Stop `target`: set the size of a group to zero, or stop an instance. Idempotent.

    EC2 Auto Scaling does not terminate an instance that is protected from scale-in when the desired
    capacity falls; it does so once the protection is off. The protection does not cover TerminateInstances (EC2 Auto
    Scaling user guide, "Use instance scale-in protection", read 2026-11-24). The size is zero before that call, so that
    the group does not replace the instances.

    Args:
        clients: the AWS clients.
        target: the target, as just described by AWS.
        now: the beginning of the grace period.
        grace: the grace period of the volumes of a group's nodes. A stopped instance keeps its volumes.
        terminate: the ids of the nodes of a group that are terminated even if they are protected. Default: none.

    Raises:
        ClientError: if AWS refuses. It is safe to call this again.
    """
    planned = plan(target, now, grace, terminate=terminate)
    if target.kind == "instance":
        clients.ec2.stop_instances(InstanceIds=[target.name])
        return planned
    volumes = Volumes(clients).keep(target, now + grace)
    if target.minimum:
        clients.autoscaling.update_auto_scaling_group(AutoScalingGroupName=target.name, MinSize=0)
    clients.autoscaling.set_desired_capacity(AutoScalingGroupName=target.name, DesiredCapacity=0, HonorCooldown=False)
    ids = [node.instance_id for node in target.nodes if node.instance_id in terminate]
    for start in range(0, len(ids), _INSTANCES_A_CALL):
        clients.ec2.terminate_instances(InstanceIds=ids[start : start + _INSTANCES_A_CALL])
    return Stopped(planned.nodes, planned.staying, tuple(volumes), planned.delete_after)


def release(
    clients: Clients, target: Target, instance_ids: Collection[str], now: datetime, grace: timedelta
) -> Stopped:
    """Terminate some nodes of a group, and lower its desired capacity by as many.

    While the group is changing, AWS refuses further terminations; the remaining nodes are left to the next call. The
    protection from scale-in does not cover this call (EC2 Auto Scaling user guide, "Use instance scale-in protection",
    read 2026-11-29).

    Args:
        clients: the AWS clients.
        target: the group, as just described by AWS.
        instance_ids: the nodes.
        now: the beginning of the grace period.
        grace: the grace period of their volumes.

    Raises:
        ClientError: if AWS refuses for another reason. It is safe to call this again.
    """
    nodes = tuple(node for node in target.nodes if node.instance_id in instance_ids)
    if target.minimum > max(target.desired - len(nodes), 0):
        clients.autoscaling.update_auto_scaling_group(AutoScalingGroupName=target.name, MinSize=0)
    released: list[Node] = []
    volumes: list[str] = []
    for node in nodes:
        volumes += Volumes(clients).keep(replace(target, nodes=(node,)), now + grace)
        try:
            clients.autoscaling.terminate_instance_in_auto_scaling_group(
                InstanceId=node.instance_id, ShouldDecrementDesiredCapacity=True
            )
        except ClientError as error:
            if error_code(error) not in _IN_PROGRESS:
                raise
            break
        released.append(node)
    return Stopped(tuple(released), (), tuple(volumes), now + grace)
