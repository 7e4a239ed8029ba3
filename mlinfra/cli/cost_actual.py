"""`mlinfra cost actual`: the bill beside the estimate."""

from __future__ import annotations

from collections import defaultdict
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from mlinfra.cli.interruption import on_interruption
from mlinfra.cli.months import Month, first_day
from mlinfra.cli.options import AsJson, EnvironmentName, Synthesized  # noqa: TC001  Typer reads the annotations

if TYPE_CHECKING:
    from datetime import date

    from mlinfra.declarations import Environment
    from mlinfra.operations.billing import BillKey, Row, SideBySide


class _BillBy(str, Enum):
    """The keys of `--by`, as users write them."""

    OWNER = "owner"
    TEAM = "team"
    EXPERIMENT = "experiment"
    COST_CENTER = "cost-center"
    SERVICE = "service"


def actual(
    environment: EnvironmentName,
    *,
    by: Annotated[_BillBy, typer.Option("--by", help="The tag, or service, to sum by.")] = _BillBy.OWNER,
    month: Month = None,
    synthesized: Synthesized = None,
    as_json: AsJson = False,
) -> None:
    """Show the bill of a month beside the estimate and the recorded cost of clusters.

    Requires a cost export of the environment: governance=Governance(cost_export=CostExportSettings()). The bill is
    read with Athena, and is about a day behind.
    """
    from mlinfra.cli.presentation import print_json, progress
    from mlinfra.declarations import load_environments, present_day
    from mlinfra.operations.billing import BillKey, read_bill, side_by_side
    from mlinfra.operations.deploy import estimate_costs
    from mlinfra.operations.terraform import project_root

    root, today = project_root(), present_day()
    first = first_day(month, today)
    (declared,) = load_environments(root, only=environment)
    key = BillKey(by.value.replace("-", "_"))
    with on_interruption("Nothing was changed. The query was cancelled."):
        steps = progress()
        with steps.step(f"Query the bill of {first:%Y-%m}") as step:
            bill = read_bill(declared, first, key)
            step.conclude(f"up to {bill.last_day}" if bill.last_day else "no data")
        estimate = estimate_costs(root, steps, patterns=[f"{environment}-*"], synthesized=synthesized, today=today)
        found = side_by_side(declared, bill, estimate, _recorded(declared, first, key))
    if as_json:
        print_json(found.as_json())
    else:
        _show(found)


def _recorded(environment: Environment, first: date, key: BillKey) -> dict[str, float] | None:
    """The recorded cost of clusters in the month, by the key. None: clusters are not recorded by it."""
    import calendar

    from mlinfra.operations.billing import BillKey
    from mlinfra.operations.clusters import daily_spend

    if key is BillKey.SERVICE:
        return None
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    found: defaultdict[str, float] = defaultdict(float)
    for row in daily_spend(environment, first, last):
        found[str(getattr(row, key.value))] += row.usd
    return dict(found)


def _show(found: SideBySide) -> None:
    from mlinfra.cli.presentation import output_console, table
    from mlinfra.operations.cost import named, usd, usd_range

    console = output_console()
    if found.last_day is None:
        console.print(
            f"The bill has no cost in {found.month:%Y-%m} yet. AWS delivers the first data within 24 hours after the "
            f"export was created, and later data about a day late."
        )
    figures = ("Estimate a month", "Clusters, recorded", "Bill so far", "Bill of the month")
    made = table(found.key.replace("_", " ").capitalize(), *figures, right_aligned={*figures})

    def add(name: str, row: Row) -> None:
        made.add_row(
            name,
            usd_range(row.estimated_low, row.estimated_high),
            "-" if row.recorded is None else usd(row.recorded),
            usd(row.billed),
            usd(row.projected),
        )

    for each in found.rows:
        add(_escaped(named(each.name)), each)
    add("[bold]Total[/]", found.total)
    console.print(made)
    console.print(f"Bill up to {found.last_day or 'now'}, without credits, refunds and taxes, in USD.")
    if found.other_environments:
        console.print(f"Other environments of the account: {usd(found.other_environments)} USD so far.")
    if found.without_environment:
        console.print(
            f"Without the tag Environment: {usd(found.without_environment)} USD so far. mlinfra did not make these "
            f"resources, or the tag is not activated for cost allocation: `mlinfra audit` finds the first, "
            f"docs/governance.md explains the second."
        )


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)
