"""Prices for the estimates of the functions: instances, Capacity Blocks, EBS volumes and Lustre file systems.

Prices are those of the region. Where the table has no price, the estimate takes the dearest one that is alike and
reports it, so that a spend limit is reached early rather than late.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from mlinfra.functions.price_table import entries, regions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlinfra.functions.price_table import PriceKind

PRICES_AS_OF: Final = "2026-07-20"
"""The day the prices of instances in us-east-1 were read, for Linux. Those of other regions have their own dates."""

DEFAULT_REGION: Final = "us-east-1"
"""The region whose prices apply if the region of a resource is unknown. The table knows most types there."""

_HOURS_A_MONTH = 730
"""AWS's own figure for prices by the month (EC2 and FSx pricing pages)."""
_GP3_IOPS, _GP3_THROUGHPUT = 3000, 125
"""Included in the price of a gp3 volume, in IOPS and MiB/s (EBS user guide, "General Purpose SSD volumes")."""
_VOLUME_ITEMS: Final = tuple(f"ebs/{each}_storage" for each in ("gp2", "gp3", "io1", "io2", "sc1", "st1", "standard"))
_IOPS_ITEMS: Final = {"io1": "ebs/io1_iops", "io2": "ebs/io2_iops_first_32000"}
_REGION = re.compile(r"[a-z]+(?:-[a-z]+)+-\d+")


@dataclass(frozen=True)
class Price:
    """A price, and what it was taken from."""

    usd_per_hour: float
    taken_from: str | None = None
    """The instance type, and the region if it is another one, with this price. None: it is the type's own price."""


def region_of(zone: str | None) -> str:
    """The region of an Availability Zone or a Local Zone. Unknown zones count as `DEFAULT_REGION`."""
    found = _REGION.match(zone or "")
    return found[0] if found else DEFAULT_REGION


@cache
def on_demand_prices(region: str = DEFAULT_REGION) -> Mapping[str, float]:
    """USD per hour by instance type, for Linux. A type without an entry has an unknown price, never 0.

    Args:
        region: the region. Default: us-east-1.
    """
    return MappingProxyType({name: each.usd for name, each in entries("ec2", region).items()})


@cache
def on_demand_price(instance_type: str, region: str = DEFAULT_REGION) -> Price | None:
    """The price of an instance type in a region; without one, the dearest price that is alike.

    Alike are, in this order: the type in other regions; types of its generation (`p5` for `p5e.48xlarge`); types of its
    class (`p`). Types of the region come before those of other regions, and types of the same size before other sizes.

    Args:
        instance_type: the instance type.
        region: the region. Default: us-east-1.

    Returns:
        The price. None: no price of its class is known.
    """
    here = entries("ec2", region).get(instance_type)
    if here is not None:
        return Price(here.usd)
    elsewhere = {each: on_demand_prices(each).get(instance_type) for each in regions("ec2")}
    known = {each: usd for each, usd in elsewhere.items() if usd is not None}
    if known:
        dearest = max(known, key=lambda each: (known[each], each))
        return Price(known[dearest], taken_from=f"{instance_type} in {dearest}")
    for pattern in _families(instance_type):
        for where in dict.fromkeys((region, DEFAULT_REGION)):
            found = _dearest(instance_type, pattern, on_demand_prices(where))
            if found:
                name, usd = found
                return Price(usd, taken_from=name if where == region else f"{name} in {where}")
    return None


def _families(instance_type: str) -> Iterator[re.Pattern[str]]:
    found = re.match(r"(?P<letters>[a-z]+)(?P<generation>\d+)", instance_type.partition(".")[0])
    if found:
        yield re.compile(rf"{found['letters']}{found['generation']}(?!\d)")
        yield re.compile(rf"{found['letters']}\d")


def _dearest(instance_type: str, pattern: re.Pattern[str], prices: Mapping[str, float]) -> tuple[str, float] | None:
    size = instance_type.partition(".")[2]
    alike = [each for each in prices if pattern.match(each)]
    alike = [each for each in alike if each.endswith(f".{size}")] or alike
    name = max(alike, key=lambda each: (prices[each], each), default=None)
    return None if name is None else (name, prices[name])


@cache
def block_price(instance_type: str, zone: str | None) -> Price | None:
    """The published rate of an instance in a Capacity Block; in a region without one, the dearest of all regions.

    None: there is no block of the type. The rate of a block is fixed when it is purchased and may differ.

    Args:
        instance_type: the instance type.
        zone: its Availability Zone, such as us-east-1a. None: unknown.
    """
    found = {each: entries("blocks", each).get(instance_type) for each in regions("blocks")}
    rates = {each: entry.usd for each, entry in found.items() if entry is not None}
    if not rates:
        return None
    here = rates.get(zone, rates.get(region_of(zone))) if zone else None
    return Price(here if here is not None else max(rates.values()))


def volume_usd_per_hour(
    volume_type: str, gib: int, *, iops: int = 0, throughput: int = 0, region: str = DEFAULT_REGION
) -> float:
    """The price of an EBS volume. A type without a known price takes the dearest price by GiB.

    Args:
        volume_type: such as gp3.
        gib: the size, in GiB.
        iops: the provisioned IOPS. Default: 0, none.
        throughput: the provisioned throughput in MiB/s. Default: 0, none.
        region: the region. Default: us-east-1.
    """
    item = f"ebs/{volume_type}_storage"
    prices = [_monthly(each, region) for each in ([item] if item in _VOLUME_ITEMS else _VOLUME_ITEMS)]
    month = gib * max(prices)
    if volume_type in _IOPS_ITEMS:
        month += iops * _monthly(_IOPS_ITEMS[volume_type], region)
    if volume_type == "gp3":
        month += max(0, iops - _GP3_IOPS) * _monthly("ebs/gp3_iops_over_3000", region)
        month += max(0, throughput - _GP3_THROUGHPUT) * _monthly("ebs/gp3_throughput_over_125", region)
    return month / _HOURS_A_MONTH


def lustre_usd_per_hour(gib: int, region: str = DEFAULT_REGION) -> float:
    """The price of an FSx for Lustre scratch file system.

    Args:
        gib: the storage capacity, in GiB.
        region: the region. Default: us-east-1.
    """
    return gib * _monthly("fsx/lustre_scratch_2", region) / _HOURS_A_MONTH


@cache
def _monthly(item: str, region: str) -> float:
    """The price of an item per month in a region, in USD; without one, the dearest of all regions."""
    kind: PriceKind = "services"
    here = entries(kind, region).get(item)
    if here is not None:
        return here.usd
    found = [entries(kind, each).get(item) for each in regions(kind)]
    return max(each.usd for each in found if each is not None)
