"""Prices of EC2 instances, Capacity Blocks, EBS volumes and Lustre file systems: the one price table of the library.

It is read here, with the standard library alone, because the functions are deployed without the rest of mlinfra.
`mlinfra.catalog` publishes it to everything else.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

PRICES_AS_OF: Final = "2026-07-20"
"""The day the prices of instances were read, for Linux in us-east-1. Those of Capacity Blocks: two days later."""

_CATALOG = Path(__file__).parent.parent / "catalog"
_HOURS_A_MONTH = 730
"""AWS's own figure for prices by the month (EC2 and FSx pricing pages)."""
_GP3_IOPS, _GP3_THROUGHPUT = 3000, 125
"""Included in the price of a gp3 volume, in IOPS and MiB/s (EBS user guide, "General Purpose SSD volumes")."""


@dataclass(frozen=True)
class Price:
    """A price, and the instance type that it was taken from."""

    usd_per_hour: float
    taken_from: str | None = None
    """The instance type with this price. None: it is the type's own price."""


@cache
def on_demand_prices() -> Mapping[str, float]:
    """USD per hour by instance type, for Linux in us-east-1. A type without an entry has an unknown price, never 0.

    Source: the EC2 price list, read on `PRICES_AS_OF`; kept in `mlinfra/catalog/ec2_prices.csv`.
    """
    return MappingProxyType({row["instance_type"]: float(row["usd_per_hour"]) for row in _rows("ec2_prices")})


@cache
def on_demand_price(instance_type: str) -> Price | None:
    """The price of an instance type; for one without a known price, the dearest known of its family.

    The family is the generation (`p5` for `p5e.48xlarge`), else the class (`p`), among the types of the same size if
    there are any. None: no price of its class is known.
    """
    prices = on_demand_prices()
    if instance_type in prices:
        return Price(prices[instance_type])
    family, _, size = instance_type.partition(".")
    found = re.match(r"(?P<letters>[a-z]+)(?P<generation>\d+)", family)
    if not found:
        return None
    generation = re.compile(rf"{found['letters']}{found['generation']}(?!\d)")
    whole_class = re.compile(rf"{found['letters']}\d")
    for pattern in (generation, whole_class):
        alike = [each for each in prices if pattern.match(each)]
        alike = [each for each in alike if each.endswith(f".{size}")] or alike
        if alike:
            dearest = max(alike, key=lambda each: (prices[each], each))
            return Price(prices[dearest], taken_from=dearest)
    return None


@cache
def block_price(instance_type: str, zone: str | None) -> Price | None:
    """The published rate of an instance in a Capacity Block; in a region without one, the dearest of all regions.

    None: there is no block of the type. Source: AWS's page "EC2 Capacity Blocks for ML Pricing" of 2026-07-22; kept in
    `mlinfra/catalog/block_prices.csv`. The rate of a block is fixed when it is purchased and may differ.

    Args:
        instance_type: the instance type.
        zone: its Availability Zone, such as us-east-1a. None: unknown.
    """
    rates = {row["region"]: float(row["usd_per_hour"]) for row in _blocks() if row["instance_type"] == instance_type}
    if not rates:
        return None
    region = (zone or "").rstrip("abcdefghijklmnopqrstuvwxyz")
    here = rates.get(zone or "", rates.get(region))
    return Price(here if here is not None else max(rates.values()))


def volume_usd_per_hour(volume_type: str, gib: int, *, iops: int = 0, throughput: int = 0) -> float:
    """The price of an EBS volume in us-east-1. A type without a known price takes the dearest price by GiB.

    Args:
        volume_type: such as gp3.
        gib: the size, in GiB.
        iops: the provisioned IOPS. Default: 0, none.
        throughput: the provisioned throughput in MiB/s. Default: 0, none.
    """
    prices = _storage()
    by_gib = [price for item, (unit, price) in prices.items() if unit == "GiB" and not item.startswith("lustre")]
    month = gib * (prices[volume_type][1] if volume_type in prices else max(by_gib))
    if volume_type in {"io1", "io2"}:
        month += iops * prices[f"{volume_type}-iops"][1]
    if volume_type == "gp3":
        month += max(0, iops - _GP3_IOPS) * prices["gp3-iops"][1]
        month += max(0, throughput - _GP3_THROUGHPUT) * prices["gp3-throughput"][1]
    return month / _HOURS_A_MONTH


def lustre_usd_per_hour(gib: int) -> float:
    """The price of an FSx for Lustre scratch file system in us-east-1.

    Args:
        gib: the storage capacity, in GiB.
    """
    return gib * _storage()["lustre-scratch"][1] / _HOURS_A_MONTH


@cache
def _storage() -> Mapping[str, tuple[str, float]]:
    """Unit and USD per month by item, in us-east-1. Source: the EBS and FSx price lists of 2024-07 to 2025-05."""
    return {row["item"]: (row["unit"], float(row["usd_per_month"])) for row in _rows("storage_prices")}


@cache
def _blocks() -> tuple[dict[str, str], ...]:
    return tuple(_rows("block_prices"))


def _rows(name: str) -> list[dict[str, str]]:
    with (_CATALOG / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
