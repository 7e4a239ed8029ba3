"""Gap: zones that offer an instance type, by name as by id, and launches in other zones.

moto's offerings by zone name and its zones are of different accounts, so that a zone offers a type by its id
and not by its name. It launches any type in any zone. In AWS, both name the same zones, and a launch in a zone
that does not offer the type fails. Source: EC2 API reference, DescribeInstanceTypeOfferings and "Error codes"
(Unsupported); EC2 user guide, "Troubleshoot instance launch issues"; read 2026-11-29.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend
from moto.ec2.models.instance_types import INSTANCE_TYPE_OFFERINGS

from mlinfra.catalog import instance_types
from mlinfra.local_aws.mechanisms.ec2_requests import refuse

if TYPE_CHECKING:
    from collections.abc import Iterable

_NAME, _ID = "availability-zone", "availability-zone-id"
_PROBED = "us-east-1"


def is_open() -> bool:
    """True if a zone offers types by its id that it does not offer by its name."""
    names = {zone.zone_id: zone.name for zone in RegionsAndZonesBackend.zones[_PROBED]}
    by_id = {(each["InstanceType"], names.get(each["Location"])) for each in INSTANCE_TYPE_OFFERINGS[_ID][_PROBED]}
    return by_id != {(each["InstanceType"], each["Location"]) for each in INSTANCE_TYPE_OFFERINGS[_NAME][_PROBED]}


def close() -> None:
    """Close the gap: derive the offerings by name from those by id."""
    for region, zones in RegionsAndZonesBackend.zones.items():
        names = {zone.zone_id: zone.name for zone in zones}
        by_id = INSTANCE_TYPE_OFFERINGS[_ID].get(region, [])
        derived = [
            {"InstanceType": each["InstanceType"], "Location": names[each["Location"]], "LocationType": _NAME}
            for each in by_id
            if each["Location"] in names
        ]
        if derived:
            INSTANCE_TYPE_OFFERINGS[_NAME][region] = derived


def zones_offering(instance_type: str, region: str, among: Iterable[str]) -> list[str]:
    """The zones of `among` that offer `instance_type`; all of them if no zone of the region is known to.

    Args:
        instance_type: the instance type.
        region: the region.
        among: names of zones.
    """
    offerings = INSTANCE_TYPE_OFFERINGS[_NAME].get(region, [])
    offered = {each["Location"] for each in offerings if each["InstanceType"] == instance_type}
    return [zone for zone in among if not offered or zone in offered]


def expect_offered(instance_type: str, region: str, zone: str) -> None:
    """Refuse a launch in a zone that does not offer its instance type, if that is in the catalog.

    moto launches other types, such as its default m1.small, in any default subnet.

    Raises:
        EC2ClientError: Unsupported.
    """
    if instance_type in instance_types() and not zones_offering(instance_type, region, [zone]):
        refuse(
            "Unsupported",
            f"Your requested instance type ({instance_type}) is not supported in your requested Availability Zone "
            f"({zone}).",
        )
