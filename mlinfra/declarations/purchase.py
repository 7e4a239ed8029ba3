"""Purchase options of the nodes of a cluster."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic import AwareDatetime, Field

from mlinfra.declarations.base import Declaration

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHORTEST_BLOCK, _LONGEST_BLOCK = timedelta(days=1) - timedelta(hours=1), timedelta(days=182)
"""Blocks last 1 to 182 days and end at 11:30 UTC, so that one that starts later on its first day is shorter.

Source: EC2 user guide, "Capacity Blocks for ML", read 2026-11-29.
"""
_RESERVATION = r"^cr-[0-9a-f]{8,17}$"


class OnDemand(Declaration):
    """Pay by the second, at the list price, whenever EC2 has the capacity."""


class Spot(Declaration):
    """Spare capacity at a lower price, which EC2 takes back with two minutes' notice.

    Raises:
        DeclarationError: with every problem at once.
    """

    on_demand_nodes: int = Field(
        default=0,
        ge=0,
        description="The number of on-demand nodes that are launched before any spot node and kept when spot "
        "capacity is lost. Default: 0.",
    )
    instance_types: tuple[str, ...] = Field(
        default=(),
        max_length=39,  # an auto scaling group takes 40 launch template overrides, the first is the experiment's
        description="Further acceptable instance types, in the order of preference: more of them make interruptions "
        "rarer. Default: only the experiment's own.",
    )
    max_usd_per_hour: float | None = Field(
        default=None, gt=0, description="The highest price of a node, in USD per hour. Default: the on-demand price."
    )


class CapacityReservation(Declaration):
    """On-demand capacity that the account has reserved; nothing is launched outside it.

    Raises:
        DeclarationError: with every problem at once.
    """

    reservation_id: str = Field(
        pattern=_RESERVATION,
        description="The id of a targeted capacity reservation, such as cr-0123456789abcdef0.",
    )


class CapacityBlock(Declaration):
    """A purchased Capacity Block for ML: GPUs for fixed days, paid in advance.

    mlinfra never buys one, since the purchase cannot be reverted. The cluster has no nodes before the block begins;
    EC2 Auto Scaling asks for them then, and no longer from 30 minutes before its end, when EC2 terminates them.

    Raises:
        DeclarationError: with every problem at once.
    """

    reservation_id: str = Field(
        pattern=_RESERVATION,
        description="The id of the block's capacity reservation, such as cr-0123456789abcdef0.",
    )
    starts: AwareDatetime = Field(
        description="The start of the block, with a time zone, such as datetime(2026, 12, 1, 11, 30, "
        "tzinfo=timezone.utc)."
    )
    ends: AwareDatetime = Field(description="The end of the block, with a time zone: 1 to 182 days after its start.")
    usd_per_hour: float | None = Field(
        default=None,
        ge=0,
        description="The price of one instance in the block, in USD per hour: its upfront price, divided by its "
        "instances and hours. Default: AWS's published rate.",
    )

    def _problems(self) -> Iterator[str]:
        if not _SHORTEST_BLOCK <= self.ends - self.starts <= _LONGEST_BLOCK:
            yield (
                f"ends: {self.ends.isoformat()} is not 1 to 182 days after starts, {self.starts.isoformat()}. "
                f"Expected: the times of the block, as EC2 shows them."
            )


Purchase = OnDemand | Spot | CapacityReservation | CapacityBlock
