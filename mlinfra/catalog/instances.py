"""The accelerator instance types that EC2 offers, with specifications and prices."""

import csv
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from mlinfra.functions.prices import on_demand_prices

if TYPE_CHECKING:
    from collections.abc import Mapping


class InstanceType(BaseModel):
    """One accelerator instance type.

    Source: the EC2 list of instance types, read 2026-07-20; kept in `gpu_instances.csv` beside this file. Its price is
    that of `on_demand_prices`. Trn2: EC2 user guide, "Specifications for Amazon EC2 accelerated computing instances"
    (16 network cards of 200 Gbit/s), and AWS Neuron documentation, "Amazon EC2 Trn2 Architecture" (16 chips with
    1,536 GiB), read 2026-11-29. Each network card takes one Elastic Fabric Adapter.
    """

    model_config = ConfigDict(frozen=True)

    name: str = Field(alias="instance_type", description="EC2's name, such as p3.2xlarge.")
    vcpu: int = Field(description="Virtual CPUs.")
    memory_mib: int = Field(description="Memory, in MiB.")
    accelerator: str = Field(description="Accelerator model in lower case, such as v100.")
    accelerator_count: int = Field(description="Whole accelerators in one instance; 0: a fraction of one.")
    accelerator_memory_mib_each: int | None = Field(description="Memory of one accelerator, in MiB; None: unknown.")
    network_mbps: int | None = Field(description="Network bandwidth, in Mbit/s; None: unknown.")
    network_cards: int | None = Field(description="Network cards; None: unknown.")
    efa_count: int = Field(description="Elastic Fabric Adapters that can be attached.")
    local_nvme_gb: int | None = Field(description="Local NVMe storage, in GB; None: none or unknown.")
    architecture: str = Field(alias="arch", description="amd64 or arm64.")
    usd_per_hour: float | None = Field(description="On-demand price, in USD per hour; None: unknown, never free.")


@lru_cache(maxsize=1)
def instance_types() -> "Mapping[str, InstanceType]":
    """Every accelerator instance type of the catalog, by name."""
    text = files(__package__).joinpath("gpu_instances.csv").read_text(encoding="utf-8")
    rows = ({column: value or None for column, value in row.items()} for row in csv.DictReader(text.splitlines()))
    prices = on_demand_prices()
    types = (
        InstanceType.model_validate({**row, "usd_per_hour": prices.get(str(row["instance_type"]))}) for row in rows
    )
    return MappingProxyType({each.name: each for each in types})
