"""`mlinfra catalog`: GPU instance types and their prices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlinfra.cli.options import AsJson  # noqa: TC001  Typer reads the annotations

if TYPE_CHECKING:
    from rich.table import Table

    from mlinfra.catalog import InstanceType

_MIB_PER_GIB = 1024
_MBPS_PER_GBPS = 1000
_UNKNOWN = "unknown"


def catalog(
    *,
    gpu: Annotated[
        str | None, typer.Option(help="The accelerator model, such as H100. Default: any.", show_default=False)
    ] = None,
    gpus_per_node: Annotated[
        int | None,
        typer.Option(help="The number of accelerators per instance. Default: any.", min=1, show_default=False),
    ] = None,
    gpu_memory_gib: Annotated[
        int | None,
        typer.Option(help="The minimum memory per accelerator, in GiB. Default: any.", min=1, show_default=False),
    ] = None,
    nodes: Annotated[int, typer.Option(help="The number of instances to price.", min=1)] = 1,
    efa: Annotated[
        bool | None,
        typer.Option(
            "--efa/--no-efa", help="With or without Elastic Fabric Adapter. Default: both.", show_default=False
        ),
    ] = None,
    max_usd_per_hour: Annotated[
        float | None,
        typer.Option(help="The maximum price of one instance, in USD per hour. Default: any.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the GPU instance types of AWS, the cheapest first, and the type that an experiment would use."""
    from mlinfra.catalog import PRICES_AS_OF, cheapest, find_offers
    from mlinfra.cli.presentation import output_console, print_json, print_table
    from mlinfra.errors import OperationError

    found = find_offers(
        gpu=gpu,
        gpus_per_node=gpus_per_node,
        gpu_memory_gib=gpu_memory_gib,
        efa=efa,
        max_usd_per_hour=max_usd_per_hour,
    )
    if not found:
        raise OperationError(_no_match(gpu, gpus_per_node, gpu_memory_gib))
    if as_json:
        print_json([_facts(each, nodes) for each in found])
        return
    print_table(_table(found, nodes))
    console = output_console()
    count = f"{len(found)} instance type" + ("s" if len(found) > 1 else "")
    console.print(
        f"{count}. On-demand prices of {PRICES_AS_OF} for Linux in us-east-1. An unknown price is not a price of 0."
    )
    if gpu is not None and gpus_per_node is not None:
        choice = cheapest(gpu=gpu, gpus_per_node=gpus_per_node, gpu_memory_gib=gpu_memory_gib)
        console.print(f"An experiment with these requirements uses {choice.reason}")


def _no_match(gpu: str | None, gpus_per_node: int | None, gpu_memory_gib: int | None) -> str:
    """The reason why no type matches, with the nearest types."""
    from mlinfra.catalog import NoOffer, cheapest, gpu_name

    if gpu is None:
        return "No instance type of the catalog matches all filters. Remove one of the filters."
    try:
        cheapest(gpu=gpu, gpus_per_node=gpus_per_node or 1, gpu_memory_gib=gpu_memory_gib)
    except NoOffer as answer:
        return str(answer)
    return f"{gpu_name(gpu)} is offered, but no instance type matches all filters. Remove one of the filters."


def _facts(each: InstanceType, nodes: int) -> dict[str, Any]:
    from mlinfra.catalog import PRICES_AS_OF

    usd = each.usd_per_hour
    return each.model_dump() | {
        "nodes": nodes,
        "usd_per_hour_all_nodes": None if usd is None else round(usd * nodes, 6),
        "price_region": "us-east-1",
        "price_date": PRICES_AS_OF,
    }


def _table(found: tuple[InstanceType, ...], nodes: int) -> Table:
    from mlinfra.cli.presentation import table

    figures = ["GPUs", "GiB each", "vCPU", "GiB", "Gbit/s", "Cards", "EFA", "NVMe GB", "USD/h"]
    if nodes > 1:
        figures.append(f"USD/h x {nodes}")
    made = table("Instance type", "GPU", *figures, right_aligned={*figures})
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
        made.add_row(*row)
    return made
