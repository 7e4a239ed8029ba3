"""The price table of the library: prices by kind and region, with their sources.

The table is `mlinfra/catalog/prices.zip`, which `python -m ci.price_table` builds. It is read with the standard library
alone, because the functions are deployed without the rest of mlinfra, and one region at a time.
"""

from __future__ import annotations

import csv
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

PriceKind: TypeAlias = Literal["ec2", "blocks", "reserved", "sagemaker", "services"]
"""`ec2`: instances on demand, by instance type. `blocks`: instances in Capacity Blocks, by instance type. `reserved`:
by `TYPE/TERM`. `sagemaker`: by `COMPONENT/TYPE`. `services`: all other services, by `SERVICE/ITEM`."""

_TABLE: Final = Path(__file__).parent.parent / "catalog" / "prices.zip"


@dataclass(frozen=True)
class Source:
    """The source of a price."""

    as_of: str
    """Its date, such as 2026-07-20. Empty: unknown."""
    as_of_kind: str
    """`exact`; `not_before`, if the true date is later; or `unknown`."""
    basis: str
    """How the price was obtained, such as `published` (see ci/prices/README.md)."""
    text: str
    """The source in words."""
    note: str
    """A remark about the price. Usually empty."""


@dataclass(frozen=True)
class Entry:
    """A price."""

    usd: float
    unit: str
    """Such as `hour` or `GB-month`."""
    source: Source


@dataclass(frozen=True)
class SpotEntry:
    """Spot prices of an instance type, in USD per hour."""

    zone_id: str
    """The zone with this price. Empty: the zones of the whole region."""
    usd: float
    """The price in the zone, or the average of the region's zones."""
    low: float
    high: float
    interruptions: str
    """AWS's band of monthly interruptions, such as `<5%`. Empty: unknown."""
    source: Source


@cache
def regions(kind: PriceKind) -> tuple[str, ...]:
    """The regions with prices of `kind`, sorted. For Capacity Blocks, some are Local Zones."""
    with zipfile.ZipFile(_TABLE) as table:
        names = [name.partition("/") for name in table.namelist()]
    return tuple(sorted(file.removesuffix(".csv") for folder, _, file in names if folder == kind))


@cache
def entries(kind: PriceKind, region: str) -> Mapping[str, Entry]:
    """The prices of `kind` in `region`, by item. Empty: the table has none.

    Args:
        kind: the kind of the prices.
        region: the region, such as us-east-1; for Capacity Blocks also a Local Zone.
    """
    sources = _sources()
    rows = _rows(f"{kind}/{region}.csv")
    return MappingProxyType(
        {item: Entry(float(usd), unit, sources[source]) for item, unit, usd, source in rows},
    )


@cache
def spot_entries(region: str) -> Mapping[str, tuple[SpotEntry, ...]]:
    """The spot prices in `region`, by instance type. Empty: the table has none."""
    sources = _sources()
    found: dict[str, tuple[SpotEntry, ...]] = {}
    for name, zone, usd, low, high, interruptions, source in _rows(f"spot/{region}.csv"):
        entry = SpotEntry(zone, float(usd), float(low or usd), float(high or usd), interruptions, sources[source])
        found[name] = (*found.get(name, ()), entry)
    return MappingProxyType(found)


@cache
def _sources() -> Mapping[str, Source]:
    return {number: Source(*fact) for number, *fact in _rows("sources.csv")}


def _rows(name: str) -> list[list[str]]:
    """The rows of a file of the table, without its header. Empty: the table has no such file."""
    with zipfile.ZipFile(_TABLE) as table:
        try:
            text = table.read(name).decode()
        except KeyError:
            return []
    return list(csv.reader(text.splitlines()))[1:]
