"""`mlinfra catalog` on a terminal: which GPUs AWS offers, and what they cost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table

from mlinfra.catalog import PRICES_AS_OF, NoOffer, cheapest, find_offers, gpu_name
from mlinfra.errors import OperationError

if TYPE_CHECKING:
    from mlinfra.catalog import InstanceType

_MIB_PER_GIB = 1024
_MBPS_PER_GBPS = 1000
_UNKNOWN = "unknown"
_WIDTH = 120


def show_catalog(
    *,
    gpu: str | None,
    gpus_per_node: int | None,
    gpu_memory_gib: int | None,
    nodes: int,
    efa: bool | None,
    max_usd_per_hour: float | None,
    as_json: bool,
) -> None:
    """Print the instance types that fit, the cheapest first, and which one an experiment would get.

    Raises:
        OperationError: where nothing fits, with the nearest offers.
    """
    found = find_offers(
        gpu=gpu,
        gpus_per_node=gpus_per_node,
        gpu_memory_gib=gpu_memory_gib,
        efa=efa,
        max_usd_per_hour=max_usd_per_hour,
    )
    if not found:
        if gpu is not None:
            _refuse(gpu, gpus_per_node, gpu_memory_gib)
        message = "No instance type of the catalog fits all of that. Leave out one of the filters."
        raise OperationError(message)
    if as_json:
        typer.echo(json.dumps([_facts(each, nodes) for each in found], indent=2))
        return
    console = Console(soft_wrap=True)
    # A figure that is cut off is a wrong figure: in a narrow terminal lines wrap instead.
    console.width = max(console.width, _WIDTH)
    console.print(_table(found, nodes))
    count = f"{len(found)} instance type" + ("s" if len(found) > 1 else "")
    console.print(
        f"{count}. On-demand prices of {PRICES_AS_OF} for Linux in us-east-1; unknown is not free.", highlight=False
    )
    if gpu is not None and gpus_per_node is not None:
        choice = cheapest(gpu=gpu, gpus_per_node=gpus_per_node, gpu_memory_gib=gpu_memory_gib)
        console.print(f"An experiment that asks for it gets {choice.reason}", highlight=False)


def _refuse(gpu: str, gpus_per_node: int | None, gpu_memory_gib: int | None) -> None:
    try:
        cheapest(gpu=gpu, gpus_per_node=gpus_per_node or 1, gpu_memory_gib=gpu_memory_gib)
    except NoOffer as answer:
        raise OperationError(str(answer)) from None
    message = f"{gpu_name(gpu)} is offered, but not with all of that. Leave out one of the filters."
    raise OperationError(message)


def _facts(each: InstanceType, nodes: int) -> dict[str, Any]:
    usd = each.usd_per_hour
    return each.model_dump() | {
        "nodes": nodes,
        "usd_per_hour_all_nodes": None if usd is None else round(usd * nodes, 6),
        "price_region": "us-east-1",
        "price_date": PRICES_AS_OF,
    }


def _table(found: tuple[InstanceType, ...], nodes: int) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("Instance type", no_wrap=True)
    table.add_column("GPU", no_wrap=True)
    for heading in ("GPUs", "GiB each", "vCPU", "GiB", "Gbit/s", "Cards", "EFA", "NVMe GB", "USD/h"):
        table.add_column(heading, justify="right")
    if nodes > 1:
        table.add_column(f"USD/h x {nodes}", justify="right")
    for each in found:
        memory = each.accelerator_memory_mib_each
        usd = each.usd_per_hour
        row = [
            each.name,
            each.accelerator,
            str(each.accelerator_count or "part"),
            _UNKNOWN if memory is None else f"{memory / _MIB_PER_GIB:.4g}",
            str(each.vcpu),
            f"{each.memory_mib / _MIB_PER_GIB:.5g}",
            _UNKNOWN if each.network_mbps is None else f"{each.network_mbps / _MBPS_PER_GBPS:g}",
            _UNKNOWN if each.network_cards is None else str(each.network_cards),
            str(each.efa_count or "-"),
            "-" if each.local_nvme_gb is None else str(each.local_nvme_gb),
            _UNKNOWN if usd is None else f"{usd:.2f}",
        ]
        if nodes > 1:
            row.append(_UNKNOWN if usd is None else f"{usd * nodes:.2f}")
        table.add_row(*row)
    return table
