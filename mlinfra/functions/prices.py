"""On-demand prices of EC2 instances: the one price table of the library.

It is read here, with the standard library alone, because the functions are deployed without the rest of mlinfra.
`mlinfra.catalog` publishes it to everything else.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

PRICES_AS_OF: Final = "2026-07-20"
"""The day the prices were read, for Linux in us-east-1."""

_PRICES = Path(__file__).parent.parent / "catalog" / "ec2_prices.csv"


@cache
def on_demand_prices() -> Mapping[str, float]:
    """USD per hour by instance type, for Linux in us-east-1. A type without an entry has an unknown price, never 0.

    Source: the EC2 price list, read on `PRICES_AS_OF`; kept in `mlinfra/catalog/ec2_prices.csv`.
    """
    with _PRICES.open(newline="", encoding="utf-8") as file:
        return MappingProxyType({row["instance_type"]: float(row["usd_per_hour"]) for row in csv.DictReader(file)})
