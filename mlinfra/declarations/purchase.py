"""Purchase options of the nodes of a cluster."""

from __future__ import annotations

from pydantic import Field

from mlinfra.declarations.base import Declaration

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

    mlinfra never buys one, since the purchase cannot be reverted. Terraform launches nodes into it.

    Raises:
        DeclarationError: with every problem at once.
    """

    reservation_id: str = Field(
        pattern=_RESERVATION,
        description="The id of the block's capacity reservation, such as cr-0123456789abcdef0.",
    )
    usd_per_hour: float | None = Field(
        default=None,
        ge=0,
        description="The price of one instance in the block, in USD per hour: its upfront price, divided by its "
        "instances and hours. Default: AWS's published rate.",
    )


Purchase = OnDemand | Spot | CapacityReservation | CapacityBlock
