"""Schedule of a cluster in a Capacity Block: nodes are requested while the block lasts, and not before."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Final

from mlinfra._cdk import Construct, Token
from mlinfra._cdk.aws import autoscaling_schedule

if TYPE_CHECKING:
    from datetime import datetime

    from mlinfra.declarations import CapacityBlock

_UNCHANGED = -1
"""The provider omits a size of -1, and sends 0 for a size that is not set."""

_ENDS_EARLY: Final = timedelta(minutes=30)
"""EC2 begins to terminate the instances of a block 30 minutes before its end. Source: EC2 user guide, "Capacity Blocks
for ML", read 2026-11-29."""


class BlockSchedule(Construct):
    """Two scheduled actions: the size of the cluster when its block begins, and zero when EC2 takes the nodes back.

    Without the second one the group would replace the nodes, and each launch would fail.

    The actions recur on the same day of each year. EC2 Auto Scaling deletes an action that runs once after it has run,
    and refuses one in the past: the next apply would fail. Source: EC2 Auto Scaling user guide, "Scheduled scaling",
    and API reference, PutScheduledUpdateGroupAction, read 2026-11-29.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        group_name: str,
        block: CapacityBlock,
        nodes: int,
    ) -> None:
        """Declare the actions.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            group_name: the auto scaling group. Pass the attribute of its resource, so that Terraform creates the group
                first.
            block: the Capacity Block.
            nodes: the size of the cluster.
        """
        super().__init__(scope, id)
        for name, moment, size in (("begin", block.starts, nodes), ("end", block.ends - _ENDS_EARLY, 0)):
            autoscaling_schedule.AutoscalingSchedule(
                self,
                name,
                autoscaling_group_name=group_name,
                scheduled_action_name=f"capacity-block-{name}",
                recurrence=_yearly(moment),
                time_zone="Etc/UTC",
                min_size=0,
                max_size=_UNCHANGED,
                desired_capacity=size,
            )


def size_at_first_apply(block: CapacityBlock, nodes: int) -> float:
    """The first size of a group, decided by the time of the plan: `nodes` during the block, otherwise 0.

    A cluster that is created after its block has begun does not wait for the scheduled action.
    """
    begun = f'timecmp(plantimestamp(), "{_utc(block.starts)}") >= 0'
    not_ended = f'timecmp(plantimestamp(), "{_utc(block.ends - _ENDS_EARLY)}") < 0'
    return Token.as_number(f"${{{begun} && {not_ended} ? {nodes} : 0}}")


def _yearly(moment: datetime) -> str:
    utc = moment.astimezone(timezone.utc)
    return f"{utc.minute} {utc.hour} {utc.day} {utc.month} *"


def _utc(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
