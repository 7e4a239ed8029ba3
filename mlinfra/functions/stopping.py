"""Stopping a cluster on AWS: the only code that does so, for functions and the command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlinfra.functions import cost
from mlinfra.functions.volumes import Volumes

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from mlinfra.functions.clients import Clients
    from mlinfra.functions.fleet import Node, Target


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


def plan(target: Target, now: datetime, grace: timedelta) -> Stopped:
    """The effect that `stop` would have, without the volumes."""
    return Stopped(
        nodes=tuple(node for node in target.nodes if not node.protected),
        staying=tuple(node for node in target.nodes if node.protected),
        delete_after=now + grace,
    )


def stop(clients: Clients, target: Target, now: datetime, grace: timedelta) -> Stopped:
    """Stop `target`: set the size of a group to zero, or stop an instance. Idempotent.

    EC2 Auto Scaling does not terminate an instance that is protected from scale-in when the desired
    capacity falls; it does so once the protection is off (EC2 Auto Scaling user guide, "Use instance
    scale-in protection", read 2026-11-24).

    Args:
        clients: the AWS clients.
        target: the target, as just described by AWS.
        now: the beginning of the grace period.
        grace: the grace period of the volumes of a group's nodes. A stopped instance keeps its volumes.

    Raises:
        ClientError: if AWS refuses. It is safe to call this again.
    """
    planned = plan(target, now, grace)
    if target.kind == "instance":
        clients.ec2.stop_instances(InstanceIds=[target.name])
        return planned
    volumes = Volumes(clients).keep(target, now + grace)
    if target.minimum:
        clients.autoscaling.update_auto_scaling_group(AutoScalingGroupName=target.name, MinSize=0)
    clients.autoscaling.set_desired_capacity(AutoScalingGroupName=target.name, DesiredCapacity=0, HonorCooldown=False)
    return Stopped(planned.nodes, planned.staying, tuple(volumes), planned.delete_after)
