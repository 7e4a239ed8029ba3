"""The one way in which a function stops a cluster, and what it costs no more."""

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
    """What was stopped, or would be."""

    nodes: tuple[Node, ...]
    """The nodes that go."""
    staying: tuple[Node, ...] = ()
    """The nodes that are protected from scale-in, and go when their guard takes that off."""
    volumes: tuple[str, ...] = ()
    """The ids of the volumes that are kept for a time."""
    delete_after: datetime | None = None
    """When what is kept is deleted."""

    @property
    def usd_saved(self) -> float | None:
        """What the nodes that go would have cost in the next 24 hours, in USD; None: unknown."""
        return cost.of_a_day(self.nodes)


def plan(target: Target, now: datetime, grace: timedelta) -> Stopped:
    """What `stop` would do, as far as it can be known before."""
    return Stopped(
        nodes=tuple(node for node in target.nodes if not node.protected),
        staying=tuple(node for node in target.nodes if node.protected),
        delete_after=now + grace,
    )


def stop(clients: Clients, target: Target, now: datetime, grace: timedelta) -> Stopped:
    """Stop `target`: a group is set to zero, an instance is stopped. Stopping it twice changes nothing.

    EC2 Auto Scaling does not terminate an instance that is protected from scale-in when the desired
    capacity falls; it does so once the protection is off (EC2 Auto Scaling user guide, "Use instance
    scale-in protection", read 2026-11-24).

    Args:
        clients: where to do so.
        target: as it was a moment ago.
        now: the beginning of the time of grace.
        grace: how long to keep the volumes of a group's nodes. An instance keeps its volumes.

    Raises:
        ClientError: where AWS refuses. What was done before that may be done again.
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
