"""What EC2 instances cost on demand, those without an accelerator too."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def on_demand_prices() -> Mapping[str, float]:
    """USD per hour of every instance type whose price is known, for Linux in us-east-1.

    Source: the EC2 price list, read on `mlinfra.catalog.instances.PRICES_AS_OF`; kept in `ec2_prices.csv` beside this
    file.
    """
    text = files(__package__).joinpath("ec2_prices.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return MappingProxyType({row["instance_type"]: float(row["usd_per_hour"]) for row in rows})
