"""Gap: accelerator instance types unknown to moto, and the zones that offer them.

moto describes and offers the types that were offered to one account on one day, which excludes types that AWS
still sells, such as P3. The catalog lists them from Amazon's price list of us-east-1, so the local AWS offers
them in every zone of that region; the zones of AWS differ by account, and Amazon publishes no list of them.
The catalog has no data of other regions, so nothing is added there. Source: EC2 API reference,
DescribeInstanceTypes and DescribeInstanceTypeOfferings; `mlinfra/catalog/instances.py`; read 2026-11-24.
"""

from __future__ import annotations

from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend
from moto.ec2.models.instance_types import (
    INSTANCE_TYPE_OFFERINGS,
    INSTANCE_TYPES,
    InstanceType,
    InstanceTypeBackend,
)

from mlinfra.catalog import instance_types
from mlinfra.local_aws.seed import described_instance_types

_REGION = "us-east-1"
"""The region of the price list from which the catalog was made."""


def is_open() -> bool:
    """True if moto lacks a type of the catalog or an offering of it."""
    offered = {each["InstanceType"] for each in INSTANCE_TYPE_OFFERINGS["region"][_REGION]}
    return not instance_types().keys() <= INSTANCE_TYPES.keys() & offered


def close() -> None:
    """Close the gap: describe and offer the types of the catalog."""
    for name, described in described_instance_types().items():
        if name not in INSTANCE_TYPES:
            INSTANCE_TYPES[name] = described
            InstanceTypeBackend.instance_types.append(InstanceType(name))
    zones = RegionsAndZonesBackend.zones[_REGION]
    locations = {
        "region": [_REGION],
        "availability-zone": [each.name for each in zones],
        "availability-zone-id": [each.zone_id for each in zones],
    }
    for location_type, names in locations.items():
        offerings = INSTANCE_TYPE_OFFERINGS[location_type][_REGION]
        offered = {each["InstanceType"] for each in offerings}
        offerings += [
            {"InstanceType": missing, "Location": location, "LocationType": location_type}
            for missing in sorted(instance_types().keys() - offered)
            for location in names
        ]
