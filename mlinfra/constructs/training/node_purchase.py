"""Purchase of the nodes of a cluster, as arguments of launch templates and auto scaling groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk.aws import autoscaling_group as groups, launch_template as launch_templates
from mlinfra.declarations import CapacityBlock, CapacityReservation

if TYPE_CHECKING:
    from mlinfra.declarations import Purchase, Spot


def market_options(purchase: Purchase) -> launch_templates.LaunchTemplateInstanceMarketOptions | None:
    """The market that nodes come from, where a launch template has to name it."""
    if isinstance(purchase, CapacityBlock):
        return launch_templates.LaunchTemplateInstanceMarketOptions(market_type="capacity-block")
    return None


def reservation_target(
    purchase: Purchase,
) -> launch_templates.LaunchTemplateCapacityReservationSpecification | None:
    """The reservation that nodes are launched into. A launch fails where it is full.

    A launch template takes a target or a preference, not both. Source: EC2 API reference,
    LaunchTemplateCapacityReservationSpecificationRequest, read 2026-11-24.
    """
    if not isinstance(purchase, CapacityReservation | CapacityBlock):
        return None
    return launch_templates.LaunchTemplateCapacityReservationSpecification(
        capacity_reservation_target=(
            launch_templates.LaunchTemplateCapacityReservationSpecificationCapacityReservationTarget(
                capacity_reservation_id=purchase.reservation_id
            )
        )
    )


def mixed_instances_policy(
    spot: Spot, *, instance_type: str, launch_template_id: str
) -> groups.AutoscalingGroupMixedInstancesPolicy:
    """Spot above an on-demand base.

    `capacity-optimized-prioritized` looks for the pools that EC2 is least likely to take back, and
    keeps to the order of preference where it can: an interruption costs a training job more than the
    difference in price, which is what `price-capacity-optimized` weighs in.

    Args:
        spot: what is declared.
        instance_type: the experiment's own instance type, which comes first.
        launch_template_id: the launch template of every node.
    """
    names = [instance_type, *(each for each in spot.instance_types if each != instance_type)]
    template = groups.AutoscalingGroupMixedInstancesPolicyLaunchTemplate
    return groups.AutoscalingGroupMixedInstancesPolicy(
        launch_template=template(
            launch_template_specification=(
                groups.AutoscalingGroupMixedInstancesPolicyLaunchTemplateLaunchTemplateSpecification(
                    launch_template_id=launch_template_id, version="$Latest"
                )
            ),
            override=[
                groups.AutoscalingGroupMixedInstancesPolicyLaunchTemplateOverride(instance_type=name) for name in names
            ],
        ),
        instances_distribution=groups.AutoscalingGroupMixedInstancesPolicyInstancesDistribution(
            on_demand_allocation_strategy="prioritized",
            on_demand_base_capacity=spot.on_demand_nodes,
            on_demand_percentage_above_base_capacity=0,
            spot_allocation_strategy="capacity-optimized-prioritized",
            # Text, because Terraform has it so; without an exponent, because AWS reads it.
            spot_max_price=f"{spot.max_usd_per_hour:.4f}" if spot.max_usd_per_hour else None,
        ),
    )
