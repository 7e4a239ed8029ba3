"""Placement of nodes: a subnet whose zone offers their instance type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlinfra._cdk import Annotations, Fn, Postcondition, Precondition, TerraformResourceLifecycle, Token
from mlinfra._cdk.aws import data_aws_ec2_instance_type_offerings, data_aws_subnets
from mlinfra.catalog import ZONES_AS_OF, zone_ids_offering

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra._cdk import Construct


@dataclass(frozen=True, kw_only=True)
class Placement:
    """Requirements on the zone of nodes that must be close to each other or to a file system."""

    instance_type: str | None
    """The instance type that the zone must offer. None: a reservation decides."""
    region: str
    zone: str | None = None
    """The zone by name. Default: that of the first subnet whose zone offers the instance type."""


def subnet_of(scope: Construct, subnet_ids: Sequence[str], placement: Placement) -> str:
    """The first of `subnet_ids` that meets `placement`. The plan fails with a message if none does.

    The order of `subnet_ids` decides, so that a cluster stays in its zone as long as the zone offers its type.

    Args:
        scope: the construct that owns the data sources.
        subnet_ids: the private subnets, which may be known only once they are looked up.
        placement: the requirements.
    """
    offered = _offerings(scope, placement)
    if offered and zone_ids_offering(placement.instance_type or "", placement.region) == ():
        # Only a warning: AWS may offer the type there since. The data source knows at the plan.
        Annotations.of(scope).add_warning(
            f"{placement.region} does not offer {placement.instance_type}, by the catalog of {ZONES_AS_OF}. Unless AWS "
            f"offers it there since, the plan fails. Expected: another region or instance type."
        )
    zones = [placement.zone] if placement.zone else Token.as_list(offered.locations) if offered else []
    filters = {"subnet-id": list(subnet_ids), "availability-zone": zones}
    found = data_aws_subnets.DataAwsSubnets(
        scope,
        "subnets",
        filter=[data_aws_subnets.DataAwsSubnetsFilter(name=name, values=values) for name, values in filters.items()],
        lifecycle=TerraformResourceLifecycle(
            precondition=[_zone_offers_type(offered, placement)] if offered else None,
            postcondition=[
                Postcondition(condition="${length(self.ids) > 0}", error_message=_no_subnet(placement)),
            ],
        ),
    )
    return str(Fn.element(Fn.matchkeys(list(subnet_ids), list(subnet_ids), found.ids), 0))


def _offerings(
    scope: Construct, placement: Placement
) -> data_aws_ec2_instance_type_offerings.DataAwsEc2InstanceTypeOfferings | None:
    if placement.instance_type is None:
        return None
    offerings = data_aws_ec2_instance_type_offerings
    return offerings.DataAwsEc2InstanceTypeOfferings(
        scope,
        "zones",
        location_type="availability-zone",
        filter=[
            offerings.DataAwsEc2InstanceTypeOfferingsFilter(name="instance-type", values=[placement.instance_type])
        ],
    )


def _zone_offers_type(
    offered: data_aws_ec2_instance_type_offerings.DataAwsEc2InstanceTypeOfferings, placement: Placement
) -> Precondition:
    if placement.zone:
        return Precondition(
            condition=f'${{contains({offered.fqn}.locations, "{placement.zone}")}}',
            error_message=(
                f"{placement.zone} does not offer {placement.instance_type}. Expected: {_known_zones(placement)}, or "
                f"another instance type."
            ),
        )
    return Precondition(
        condition=f"${{length({offered.fqn}.locations) > 0}}",
        error_message=(
            f"{placement.region} does not offer {placement.instance_type}. Expected: another region or instance type."
        ),
    )


def _no_subnet(placement: Placement) -> str:
    if placement.zone:
        return f"No private subnet is in {placement.zone}. Expected: the zone of one of the network's private subnets."
    return (
        f"No private subnet is in a zone that offers {placement.instance_type}. Expected: a subnet in "
        f"{_known_zones(placement)}, such as with more availability_zones in the environment; or another instance type."
    )


def _known_zones(placement: Placement) -> str:
    """The zones that offer the type, by the catalog."""
    known = zone_ids_offering(placement.instance_type or "", placement.region)
    return f"one of the zones {', '.join(known)}" if known else "a zone that offers it"
