"""Availability zones that offer an instance type, as far as they are known."""

from __future__ import annotations

import csv
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

ZONES_AS_OF: Final = "2026-05"
"""The earliest month of the data. Types are offered in more zones over time, rarely in fewer."""


def zone_ids_offering(instance_type: str, region: str) -> tuple[str, ...] | None:
    """The zone ids of `region` that offer `instance_type`, sorted. Empty: the region does not offer it. None: unknown.

    A zone id, such as use1-az4, means the same zone in every account, unlike a name, such as us-east-1a. Local zones
    are left out. Offered does not mean that there is capacity.

    Args:
        instance_type: the instance type, such as p5.48xlarge. Known are those that few zones offer.
        region: the region, such as us-east-1.
    """
    regions = _zone_ids().get(instance_type)
    return None if regions is None else regions.get(region, ())


@lru_cache(maxsize=1)
def _zone_ids() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Zone ids by instance type and region.

    Source: the price catalog of anycloud-sh/catalog (aws/vms.csv), which lists every zone of these types; of May 2026
    or later.
    """
    text = files(__package__).joinpath("zones.csv").read_text(encoding="utf-8")
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for row in csv.DictReader(text.splitlines()):
        regions = found.setdefault(row["instance_type"], {})
        regions[row["region"]] = (*regions.get(row["region"], ()), row["zone_id"])
    return found
