"""`mlinfra catalog`: GPU instance types and their prices, and the refresh of prices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlinfra.cli.options import AsJson  # noqa: TC001  Typer reads the annotations
from mlinfra.functions.counting import counted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.table import Table

    from mlinfra.catalog import InstanceType, Rate

_MIB_PER_GIB = 1024
_MBPS_PER_GBPS = 1000
_UNKNOWN = "unknown"
_OLD_DAYS = 365


catalog = typer.Typer(help="GPU instance types and their prices; refresh prices from AWS's price lists.")

_Region = Annotated[
    list[str] | None,
    typer.Option(
        "--region",
        help="A region, such as eu-central-1; may be given several times. Default: those of all environments.",
        show_default=False,
    ),
]
_Service = Annotated[
    list[str] | None,
    typer.Option(
        "--service",
        help="ec2 (instances, EBS, NAT gateways) or sagemaker; may be given several times. Default: both.",
        show_default=False,
    ),
]


@catalog.callback(invoke_without_command=True)
def show(
    context: typer.Context,
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
    region: Annotated[str, typer.Option(help="The region of the prices.", metavar="REGION")] = "us-east-1",
    as_json: AsJson = False,
) -> None:
    """Show the GPU instance types of AWS, the cheapest first, and the type that an experiment would use."""
    if context.invoked_subcommand is not None:
        return
    from mlinfra.catalog import cheapest, find_offers
    from mlinfra.cli.presentation import output_console, print_json, print_table
    from mlinfra.errors import OperationError

    rates = _rates(region)
    found = _priced(
        find_offers(gpu=gpu, gpus_per_node=gpus_per_node, gpu_memory_gib=gpu_memory_gib, efa=efa),
        rates,
        max_usd_per_hour,
    )
    if not found:
        raise OperationError(_no_match(gpu, gpus_per_node, gpu_memory_gib))
    if as_json:
        print_json([_facts(each, nodes, region, rates.get(each.name)) for each in found])
        return
    print_table(_table(found, nodes))
    console = output_console()
    count = counted(len(found), "instance type")
    console.print(f"{count}. {_about_prices([rates.get(each.name) for each in found], region)}")
    if gpu is not None and gpus_per_node is not None:
        choice = cheapest(gpu=gpu, gpus_per_node=gpus_per_node, gpu_memory_gib=gpu_memory_gib)
        console.print(f"An experiment with these requirements uses {choice.reason}")


def _rates(region: str) -> dict[str, Rate]:
    """The known on-demand prices of all accelerator types in `region`, also those that the project refreshed."""
    from pathlib import Path

    from mlinfra.catalog import PRICE_LOCK_FILE, PriceLock, aws_regions, ec2_rate, instance_types, use_refreshed_prices
    from mlinfra.errors import OperationError

    if region not in aws_regions():
        message = f"{region!r} is not an AWS region. Expected: a region such as us-east-1."
        raise OperationError(message)
    use_refreshed_prices(PriceLock.load(Path(PRICE_LOCK_FILE)))
    found = {name: ec2_rate(name, region) for name in instance_types()}
    return {name: rate for name, rate in found.items() if rate is not None}


def _priced(
    found: Sequence[InstanceType], rates: Mapping[str, Rate], max_usd_per_hour: float | None
) -> tuple[InstanceType, ...]:
    """The types with their prices in the region, the cheapest first and unknown prices last."""
    usd = {each.name: rates[each.name].usd if each.name in rates else None for each in found}
    priced = [each.model_copy(update={"usd_per_hour": usd[each.name]}) for each in found]
    unknown = float("inf")
    priced = [each for each in priced if max_usd_per_hour is None or (each.usd_per_hour or unknown) <= max_usd_per_hour]
    return tuple(sorted(priced, key=lambda each: (each.usd_per_hour or unknown, each.vcpu, each.name)))


def _about_prices(rates: Sequence[Rate | None], region: str) -> str:
    """The dates of the prices as sentences, with the number of old ones."""
    from mlinfra.catalog import is_old
    from mlinfra.command import own_command
    from mlinfra.declarations import present_day

    known = [rate for rate in rates if rate is not None]
    dates = sorted(rate.as_of for rate in known if rate.as_of)
    if not dates:
        return f"No price in {region} is known. An unknown price is not a price of 0."
    period = f"of {dates[0]}" if dates[0] == dates[-1] else f"of {dates[0]} to {dates[-1]}"
    old = sum(is_old(rate, present_day(), _OLD_DAYS) for rate in known)
    remark = f" {old} are older than a year; to refresh them: {own_command()} catalog refresh." if old else ""
    return f"On-demand prices {period} for Linux in {region}. An unknown price is not a price of 0.{remark}"


@catalog.command()
def refresh(
    *,
    region: _Region = None,
    service: _Service = None,
    anonymous: Annotated[
        bool,
        typer.Option("--anonymous", help="Read AWS's public files, which need no credentials, instead of its API."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write the present prices of AWS's price lists into environments/prices.lock.json. Commit it with the code.

    Estimates of costs use them before those of the release. The files of EC2 have hundreds of megabytes for a region;
    they are read as they arrive and not stored.
    """
    from mlinfra.cli.interruption import on_interruption
    from mlinfra.cli.presentation import output_console, print_json, progress
    from mlinfra.declarations import load_environments, present_day
    from mlinfra.operations.price_lists import SERVICES, refresh_prices
    from mlinfra.operations.terraform import project_root

    root = project_root()
    regions = region or sorted({each.region for each in load_environments(root, judged=False)})
    with on_interruption("The refreshed prices of before are unchanged."):
        refreshed = refresh_prices(
            root,
            None if anonymous else _session(),
            progress(),
            regions=regions,
            services=service or tuple(SERVICES),
            today=present_day(),
        )
    if as_json:
        print_json(refreshed)
        return
    for each in refreshed:
        output_console().print(
            f"{each.service} in {each.region}: {each.prices:,} prices, {each.changed:,} changed (version "
            f"{each.version})."
        )


def _session() -> Any:  # noqa: ANN401  boto3 is untyped
    import boto3

    return boto3.session.Session()


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


def _facts(each: InstanceType, nodes: int, region: str, rate: Rate | None) -> dict[str, Any]:
    usd = each.usd_per_hour
    return each.model_dump() | {
        "nodes": nodes,
        "usd_per_hour_all_nodes": None if usd is None else round(usd * nodes, 6),
        "price_region": region,
        "price_date": rate.as_of if rate else None,
        "price_source": rate.source if rate else None,
        "price_basis": rate.basis if rate else None,
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
