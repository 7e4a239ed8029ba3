"""Accelerator instance types that moto does not know, and the zones that offer them.

moto describes and offers what some account was offered on some day, which leaves out types that AWS
still sells, such as P3. The catalog has them from Amazon's price list of us-east-1, so there every zone
offers them here; in which zones they really are differs from account to account, and Amazon publishes
no list. Elsewhere the catalog knows nothing, and nothing is added. Source: EC2 API reference,
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
"""The region whose price list the catalog was read from."""


def is_open() -> bool:
    """Whether moto still lacks a type of the catalog, or an offering of it."""
    offered = {each["InstanceType"] for each in INSTANCE_TYPE_OFFERINGS["region"][_REGION]}
    return not instance_types().keys() <= INSTANCE_TYPES.keys() & offered


def close() -> None:
    """Describe and offer them."""
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
