"""How the nodes of a cluster are bought."""

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
        description="Nodes that are bought on demand before any spot is, and stay when spot goes. Default: 0.",
    )
    instance_types: tuple[str, ...] = Field(
        default=(),
        max_length=39,  # an auto scaling group takes 40 launch template overrides, the first is the experiment's
        description="Further instance types that will do, in the order of preference: the more there are, the rarer "
        "an interruption. Default: none but the experiment's own.",
    )
    max_usd_per_hour: float | None = Field(
        default=None, gt=0, description="The most to pay for a node, in USD per hour. Default: the on-demand price."
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
    """A Capacity Block for ML that somebody has bought: GPUs for fixed days, paid in advance.

    mlinfra never buys one: that is a purchase that cannot be undone. Terraform is told to launch into it.

    Raises:
        DeclarationError: with every problem at once.
    """

    reservation_id: str = Field(
        pattern=_RESERVATION,
        description="The id of the block's capacity reservation, such as cr-0123456789abcdef0.",
    )


Purchase = OnDemand | Spot | CapacityReservation | CapacityBlock
