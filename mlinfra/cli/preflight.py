"""`mlinfra preflight`: obstacles to the declared capacity, before it is deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mlinfra.cli.interruption import on_interruption
from mlinfra.cli.options import AsJson, EnvironmentName, ExitCode

if TYPE_CHECKING:
    from collections.abc import Sequence

    import boto3
    from rich.console import Console
    from rich.table import Table

    from mlinfra.declarations import Environment
    from mlinfra.operations.deploy import PlannedStack
    from mlinfra.operations.preflight import CapacityLine, EndpointLine, Preflight, QuotaState

_UNKNOWN = "unknown"
_PURCHASES = {"on_demand": "on demand", "spot": "spot", "reservation": "reservation", "block": "Capacity Block"}


def preflight(
    environment: EnvironmentName,
    experiment: Annotated[
        str | None,
        typer.Argument(
            help="The experiment or queue. Default: all of the environment.", metavar="EXPERIMENT", show_default=False
        ),
    ] = None,
    *,
    offline: Annotated[
        bool, typer.Option("--offline", help="Read the catalog only, without AWS. Quotas are unknown then.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check whether the declared instances can be had: zones, vCPU quotas, spot prices, reservations, Capacity Blocks.

    Nothing is reserved or purchased: offerings of Capacity Blocks are quotes. Only a reservation guarantees capacity.
    The exit code is 0 without an obstacle, 2 with one, and 1 if a check failed.
    """
    from mlinfra.cli.presentation import print_json
    from mlinfra.declarations import load_environments
    from mlinfra.operations.preflight import as_json as facts, preflight as operation
    from mlinfra.operations.terraform import project_root

    with on_interruption("Nothing was changed."):
        (declared,) = load_environments(project_root(), only=environment)
        result = operation(declared, None if offline else _session(declared), experiment=experiment)
    if as_json:
        print_json(facts(result))
    else:
        show(result)
    if result.unavailable:
        raise typer.Exit(ExitCode.DIFFERENCE)
    if result.failed:
        raise typer.Exit(ExitCode.ERROR)


def _session(environment: Environment) -> boto3.session.Session:
    from mlinfra.errors import OperationError
    from mlinfra.operations.aws import account_of

    try:
        return account_of(environment).session
    except OperationError as error:
        message = f"{error.message} To read the catalog only, without AWS: --offline"
        raise OperationError(message, details=error.details) from error


def show(result: Preflight) -> None:
    """Write the table, and below it the remarks and actions for each demand."""
    from mlinfra.cli.presentation import error_console, output_console, print_table

    console = output_console()
    if not result.lines and not result.endpoints:
        typer.echo(f"{result.environment} declares no experiment, queue or endpoint with instances.")
    else:
        print_table(_table(result))
        lines: list[CapacityLine | EndpointLine] = [*result.lines, *result.endpoints]
        for line in lines:
            for text in remarks(line):
                console.print(text, markup=False)
    if not result.asked_aws:
        text = "AWS was not asked: prices, and the zones of types that few zones offer, are those of the catalog."
        error_console().print(text, style="dim")
    for reason in failures(result):
        error_console().print(f"! Not checked: {reason}", markup=False)


def show_obstacles(planned: Sequence[PlannedStack], console: Console) -> None:
    """Show obstacles to the capacity of planned clusters. A failure or a slow answer is only a remark.

    Args:
        planned: the planned stacks. Those without changes are left out.
        console: the console.
    """
    import boto3

    from mlinfra.declarations import present_day
    from mlinfra.errors import OperationError
    from mlinfra.operations.preflight import quick_preflights, synthesized_capacity

    try:
        found = [
            synthesized_capacity(each.folder / "stack", today=present_day()) for each in planned if each.about.changes
        ]
        results = quick_preflights([each for each in found if each], boto3.session.Session())
    except OperationError as error:
        console.print(f"The capacity was not checked: {error.message}", style="dim", markup=False)
        return
    for result in results:
        for line in result.lines:
            for text in remarks(line):
                console.print(f"{result.environment}: {text}", markup=False)
        if result.failed:
            console.print(
                f"{result.environment}: not checked: {'; '.join(failures(result))}", style="dim", markup=False
            )


def remarks(line: CapacityLine | EndpointLine) -> list[str]:
    """The obstacles, notes and actions of a demand or an endpoint, a line each."""
    from mlinfra.operations.preflight import EndpointLine

    if isinstance(line, EndpointLine):
        name = f"{line.name} (endpoint)"
    else:
        name = f"{line.demand.name} ({_PURCHASES[line.demand.purchase]})"
    return [
        *(f"✗ {name}: {text}" for text in line.obstacles),
        *(f"! {name}: {text}" for text in line.notes),
        *(f"→ {name}: {text}" for text in line.actions),
    ]


def failures(result: Preflight) -> list[str]:
    """The checks that failed, those with the same reason in one line."""
    checks: dict[str, list[str]] = {}
    for each in result.failed:
        check, _, reason = each.partition(": ")
        checks.setdefault(reason, []).append(check)
    return [f"{', '.join(names)}: {reason}" for reason, names in checks.items()]


def _table(result: Preflight) -> Table:
    from mlinfra.cli.presentation import table

    figures = {"USD/h", "vCPUs needed", "Free"}
    made = table(
        "Name",
        "Nodes",
        "Purchase",
        "USD/h",
        f"Zones of {result.region}",
        "vCPU needed",
        "vCPU free",
        "Verdict",
        right_aligned=figures,
    )
    for line in result.lines:
        demand = line.demand
        others = f" +{len(demand.instance_types) - 1}" if len(demand.instance_types) > 1 else ""
        made.add_row(
            demand.name,
            f"{demand.nodes} x {demand.instance_types[0]}{others}",
            _PURCHASES[demand.purchase],
            _UNKNOWN if line.usd_per_hour is None else f"{line.usd_per_hour:,.2f}",
            _zones(line, result.region),
            ", ".join(str(each.asked) for each in line.quotas) or "-",
            ", ".join(map(_free, line.quotas)) or "-",
            line.verdict.value,
        )
    for each in result.endpoints:
        made.add_row(
            each.name,
            f"{each.instances} x {each.instance_type}",
            "endpoint",
            _UNKNOWN if each.usd_per_hour is None else f"{each.usd_per_hour:,.2f}",
            "-",
            f"{each.instances} instances",
            _UNKNOWN if each.free is None or each.limit is None else f"{each.free:g} of {each.limit:g}",
            each.verdict.value,
        )
    return made


def _zones(line: CapacityLine, region: str) -> str:
    """The zones without the name of their region, such as `a b c`; zone ids of the catalog as `az1 az4`."""
    if line.zones is None:
        return _UNKNOWN
    is_id = line.zones_source == "catalog"
    names = [zone.partition("-")[2] if is_id else zone.removeprefix(region).lstrip("-") for zone in line.zones]
    return " ".join(names) or "none"


def _free(quota: QuotaState) -> str:
    return _UNKNOWN if quota.free is None or quota.limit is None else f"{quota.free:g} of {quota.limit:g}"
