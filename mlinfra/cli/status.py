"""`mlinfra status`: everything that runs for a person or a team, on one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mlinfra.cli.interruption import on_interruption
from mlinfra.cli.options import AsJson  # noqa: TC001  Typer reads the annotations
from mlinfra.cli.units import NOTHING, principal_name, short_duration, short_usd

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import RenderableType

    from mlinfra.operations.clusters import Cluster
    from mlinfra.operations.runs import Run
    from mlinfra.operations.status import EndpointStatus, EnvironmentStatus, QueueStatus

_WIDE = 100


def status(
    *,
    team: Annotated[
        str | None, typer.Option("--team", help="Only what belongs to this team and its people.", show_default=False)
    ] = None,
    mine: Annotated[bool, typer.Option("--mine", help="Only what you own, and runs that you submitted.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show clusters, runs, queues and endpoints of all environments, their cost, and what needs attention.

    Environments of other AWS accounts are named. Without --team and --mine, everything is shown.
    """
    from mlinfra.cli.presentation import print_json, screen_console
    from mlinfra.declarations import load_environments
    from mlinfra.operations.status import Selection, read_overview
    from mlinfra.operations.terraform import Repository, project_root

    with on_interruption("Nothing was changed."):
        root = project_root()
        address = Repository(root).user_address() if mine else None
        found = read_overview(load_environments(root, judged=False), Selection(team, mine=mine, address=address))
    if as_json:
        print_json(found)
        return
    console = screen_console()
    for renderable in overview(found, console.width):
        console.print(renderable)


def overview(found: Sequence[EnvironmentStatus], width: int) -> Iterator[RenderableType]:
    """The parts of the screen: a block for each environment, then the commands that need to be run."""
    from rich.text import Text

    for each in found:
        if each.unreachable is not None:
            yield Text.assemble((each.environment, "bold"), f"  {each.unreachable}")
            continue
        yield _title(each)
        yield from _environment(each, width)
        for problem in each.problems:
            yield Text(f"  Could not be read: {problem}", style="yellow")
    actions = [
        (notice.action, f"{notice.subject} {notice.text}") for each in found for notice in each.notices if notice.action
    ]
    if actions:
        yield Text("Next", style="bold")
        for action, why in actions:
            yield Text.assemble(f"  {action}", (f"  {why}", "dim"), no_wrap=True, overflow="ellipsis")


def _title(each: EnvironmentStatus) -> RenderableType:
    from rich.text import Text

    cost = f"today {short_usd(each.usd_today)} USD, this month {short_usd(each.usd_month)} USD"
    return Text.assemble((each.environment, "bold"), f"  {each.region}  {cost}")


def _environment(each: EnvironmentStatus, width: int) -> Iterator[RenderableType]:
    from rich.padding import Padding
    from rich.text import Text

    is_wide = width >= _WIDE
    if not (each.clusters or each.active_runs or each.ended_runs or each.queues or each.endpoints):
        yield Text("  Nothing runs, and no run was submitted in the last 30 days.", style="dim")
    if each.clusters:
        yield Padding(_clusters(each.clusters, is_wide=is_wide), (0, 0, 0, 2))
    runs = (*each.active_runs, *each.ended_runs)
    if runs:
        yield Padding(_runs(runs, is_wide=is_wide), (0, 0, 0, 2))
    if each.queues:
        yield Padding(_queues(each.queues), (0, 0, 0, 2))
    if each.endpoints:
        yield Padding(_endpoints(each.endpoints), (0, 0, 0, 2))
    for notice in each.notices:
        yield Text(f"  ! {notice.subject} {notice.text}", style="yellow")


def _clusters(found: Iterable[Cluster], *, is_wide: bool) -> RenderableType:
    from mlinfra.cli.clusters import last_day
    from mlinfra.cli.presentation import table

    figures = {"Idle", "USD/h", "USD so far"}
    columns = ["Cluster", "State", "Nodes", "Idle", *(["USD/h"] if is_wide else []), "USD so far", "Expires"]
    made = table(*columns, *(["Owner"] if is_wide else []), right_aligned=figures)
    for each in found:
        idle = NOTHING if each.idle_minutes is None or not each.nodes else f"{each.idle_minutes}m"
        cells = [each.experiment or each.name, each.state, f"{each.nodes}/{each.wanted}", idle]
        cells += [short_usd(each.usd_per_hour)] if is_wide else []
        cells += [short_usd(each.usd_so_far), last_day(each.expires) if each.expires else "never"]
        made.add_row(*cells, *([each.owner or NOTHING] if is_wide else []))
    return made


def _runs(found: Iterable[Run], *, is_wide: bool) -> RenderableType:
    from rich.text import Text

    from mlinfra.cli.presentation import table
    from mlinfra.cli.run_list import STATUS_STYLES

    made = table("Run", "Status", "Experiment", "Duration", *(["By"] if is_wide else []), right_aligned={"Duration"})
    for each in found:
        status_text = Text(each.status, style=STATUS_STYLES.get(each.status, ""))
        cells: list[str | Text] = [each.run_id, status_text, each.experiment or NOTHING, short_duration(each.duration)]
        made.add_row(*cells, *([principal_name(each.submitted_by)] if is_wide else []))
    return made


def _queues(found: Iterable[QueueStatus]) -> RenderableType:
    from mlinfra.cli.presentation import table

    made = table("Queue", "State", "Waiting", "Running", right_aligned={"Waiting", "Running"})
    for each in found:
        made.add_row(each.name, each.state, str(each.waiting), str(each.running))
    return made


def _endpoints(found: Iterable[EndpointStatus]) -> RenderableType:
    from mlinfra.cli.presentation import table

    made = table("Endpoint", "Status")
    for each in found:
        made.add_row(each.name, each.status)
    return made
