"""`mlinfra cost clusters`: the recorded cost of clusters in a month."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from mlinfra.cli.interruption import on_interruption
from mlinfra.cli.months import Month, first_day
from mlinfra.cli.options import AsJson  # noqa: TC001  Typer reads the annotations

if TYPE_CHECKING:
    from mlinfra.operations.clusters import RecordedCost

_MOST_EXPENSIVE = 10


class _RecordBy(str, Enum):
    """The keys of `--by`, as users write them."""

    OWNER = "owner"
    TEAM = "team"
    EXPERIMENT = "experiment"
    COST_CENTER = "cost-center"
    ENVIRONMENT = "environment"


def clusters(
    environments: Annotated[
        list[str] | None,
        typer.Argument(help="Environments. Default: all of the AWS account in use.", metavar="ENV", show_default=False),
    ] = None,
    *,
    by: Annotated[_RecordBy, typer.Option("--by", help="The tag, or the environment, to sum by.")] = _RecordBy.OWNER,
    month: Month = None,
    as_json: AsJson = False,
) -> None:
    """Show what clusters cost in a month, by owner, team or experiment, and the most expensive clusters.

    Requires no bill and no cost-allocation tags: the functions that stop clusters count the cost of each day at list
    prices and record it, with nodes, volumes and file systems. `mlinfra cost actual` reads the bill.
    """
    from mlinfra.cli.presentation import print_json
    from mlinfra.declarations import load_environments, present_day
    from mlinfra.operations.clusters import RecordKey, recorded_cost
    from mlinfra.operations.runs import selected_environments
    from mlinfra.operations.terraform import project_root

    first = first_day(month, present_day())
    declared = load_environments(project_root(), judged=False)
    with on_interruption("Nothing was changed."):
        chosen = selected_environments(declared, environments or ())
        found = recorded_cost(chosen, first, RecordKey(by.value.replace("-", "_")))
    if as_json:
        print_json(_json(found))
    else:
        _show(found)


def _json(found: RecordedCost) -> dict[str, object]:
    from dataclasses import asdict

    return {**asdict(found), "month": f"{found.month:%Y-%m}", "usd": found.usd, "version": 1, "currency": "USD"}


def _show(found: RecordedCost) -> None:
    from rich.markup import escape

    from mlinfra.cli.presentation import output_console, print_table, table
    from mlinfra.operations.cost import named, usd

    console = output_console()
    environments = ", ".join(found.environments)
    if not found.clusters:
        console.print(f"No cost of clusters was recorded in {found.month:%Y-%m}, in {environments}.")
        return
    sums = table(found.key.value.replace("_", " ").capitalize(), "USD", "Share", right_aligned={"USD", "Share"})
    for row in found.rows:
        sums.add_row(escape(named(row.name)), usd(row.usd), f"{row.usd / found.usd:.0%}" if found.usd else "-")
    sums.add_row("[bold]Total[/]", usd(found.usd), "")
    print_table(sums)
    console.print()
    most = table("Most expensive clusters", "Environment", "Owner", "Days", "USD", right_aligned={"Days", "USD"})
    for each in found.clusters[:_MOST_EXPENSIVE]:
        cells = (each.cluster, each.environment, named(each.owner), str(each.days), usd(each.usd))
        most.add_row(*map(escape, cells))
    print_table(most)
    console.print()
    console.print(
        f"Recorded in {found.month:%Y-%m}, in {environments}, at list prices: nodes of clusters, their volumes and "
        f"file systems. Without discounts, taxes, traffic, queues, endpoints and notebooks."
    )
    if found.unpriced:
        console.print(f"Not included, because the price is unknown: {escape(', '.join(found.unpriced))}.")
