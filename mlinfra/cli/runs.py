"""`mlinfra runs`: list, show and cancel runs; their logs, comparison and reproduction."""

from __future__ import annotations

from datetime import datetime, timezone  # Typer reads the annotations
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlinfra.cli.interruption import on_interruption
from mlinfra.cli.listed_environments import listed_environments
from mlinfra.cli.options import AsJson  # noqa: TC001  Typer reads the annotations
from mlinfra.cli.ranks import RANK_HELP, chosen_ranks, valid_ranks
from mlinfra.cli.run_details import details, run_facts
from mlinfra.cli.run_list import run_table

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from mlinfra.declarations import Environment
    from mlinfra.operations.runs import Run, RunDescription, RunTable, TrackedRun

runs = typer.Typer(help="Runs: list, show, cancel, compare and reproduce them.", no_args_is_help=True)

RunId = Annotated[
    str,
    typer.Argument(
        help="The id of the run, a unique beginning of it, its last four characters, or `latest`, your newest run.",
        metavar="RUN",
    ),
]
EnvironmentNames = Annotated[
    list[str] | None,
    typer.Option(
        "--env",
        help="An environment; may be given several times. Default: all of the AWS account in use.",
        show_default=False,
    ),
]


@runs.command("list")
def list_them(
    *,
    environment: EnvironmentNames = None,
    experiment: Annotated[
        str | None, typer.Option("--experiment", help="Only runs of this experiment or queue.", show_default=False)
    ] = None,
    status: Annotated[
        list[str] | None,
        typer.Option(
            "--status",
            help="Only runs with this status: waiting, running, retrying, succeeded, failed, cancelled or lost; may be "
            "given several times.",
            show_default=False,
        ),
    ] = None,
    mine: Annotated[bool, typer.Option("--mine", help="Only runs that you submitted.")] = False,
    since: Annotated[
        datetime | None,
        typer.Option(
            help="Only runs submitted on this day or later, in UTC.", formats=["%Y-%m-%d"], show_default=False
        ),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", help="The maximum number of runs.", min=1, max=1000)] = 20,
    before: Annotated[
        str | None,
        typer.Option(
            "--before",
            help="Only runs older than this run, by its id: the next page.",
            metavar="RUN",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List runs, the newest first, also of experiments that are no longer declared."""
    from mlinfra.cli.presentation import print_json, screen_console
    from mlinfra.operations.runs import RunFilter, list_runs_everywhere, run_figures

    wanted = RunFilter(
        experiment=experiment,
        statuses=_valid_statuses(status or []),
        since=since.replace(tzinfo=timezone.utc) if since else None,
    )
    if before is not None:
        _expect_id(before)
    with on_interruption("Nothing was changed."):
        environments = listed_environments(environment)
        listing = list_runs_everywhere(environments, wanted, mine=mine, limit=limit, before=before)
    for line in listing.skipped:
        typer.echo(f"Skipped: {line}", err=True)
    declared = {each.name: each for each in environments}
    figures = {each.run_id: run_figures(declared[each.environment], each) for each in listing.runs}
    if as_json:
        print_json([run_facts(each, figures[each.run_id]) for each in listing.runs])
    elif not listing.runs:
        typer.echo("There are no such runs." if wanted != RunFilter() or mine or before else "There are no runs.")
    else:
        console = screen_console()
        has_environments = len(environments) > 1
        console.print(run_table(listing.runs, figures, has_environments=has_environments, width=console.width))
    if listing.more and listing.runs:
        typer.echo(f"There are more: --before {listing.runs[-1].run_id}", err=True)


@runs.command()
def show(
    run: RunId,
    *,
    environment: EnvironmentNames = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Write Markdown with its metrics, for the summary of a pipeline.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show all that is recorded about a run: origin, nodes, attempts, cost, outputs, and how it ended."""
    from mlinfra.cli.presentation import print_json, screen_console
    from mlinfra.operations.runs import describe_run

    with on_interruption("Nothing was changed."):
        table, found = chosen_run(run, environment)
        description = describe_run(table, found)
    for line in description.problems:
        typer.echo(line, err=True)
    if markdown:
        _print_markdown(table, description)
        return
    tracked = _tracked(table, description)
    if as_json:
        print_json(run_facts(found, description.figures, description, tracked))
        return
    console = screen_console()
    for renderable in details(description, tracked):
        console.print(renderable)


@runs.command()
def cancel(
    run: RunId,
    *,
    environment: EnvironmentNames = None,
    force: Annotated[
        bool, typer.Option("--force", help="Cancel the run although another principal submitted it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Cancel a run. Its nodes stop the command with SIGTERM, upload its outputs, and record the end."""
    from mlinfra.cli.presentation import print_json
    from mlinfra.command import own_command
    from mlinfra.operations.runs import cancel_run, run_figures

    table, found = chosen_run(run, environment)
    with on_interruption(f"The state of the run: {own_command()} runs show {found.run_id}"):
        cancelled = cancel_run(table.environment, found.run_id, force=force)
    if as_json:
        print_json(
            run_facts(cancelled.run, run_figures(table.environment, cancelled.run))
            | {"stopping_nodes": cancelled.nodes, "repeated": cancelled.repeated}
        )
    elif cancelled.nodes:
        nodes = f"{cancelled.nodes} node{'s stop' if cancelled.nodes > 1 else ' stops'}"
        again = "was cancelled before" if cancelled.repeated else "is being cancelled"
        typer.echo(f"{found.run_id} {again}: {nodes} its command. To follow: {own_command()} runs logs {found.run_id}")
    else:
        typer.echo(f"{found.run_id} is cancelled. No node was running it.")


@runs.command()
def logs(
    run: RunId,
    *,
    environment: EnvironmentNames = None,
    rank: Annotated[str, typer.Option("--rank", help=RANK_HELP, parser=valid_ranks)] = "0",
    follow: Annotated[
        bool, typer.Option("--follow/--no-follow", "-f", help="Follow the run until it has ended, if it is active.")
    ] = True,
) -> None:
    """Show the output of a run, and follow it while it is active. Ctrl-C ends the command, and the run goes on."""
    from mlinfra.cli.followed_run import RunOnTerminal
    from mlinfra.cli.presentation import error_console, output_console
    from mlinfra.operations.runs import Following, read_specification

    ranks = chosen_ranks(rank)
    with on_interruption("The run goes on."):
        table, found = chosen_run(run, environment)
        specification = read_specification(table.account, found)
        _expect_ranks(ranks, specification.ranks)
        has_prefix = specification.ranks > 1 and (ranks is None or len(ranks) > 1)
        display = RunOnTerminal(error_console(), output_console(), has_prefix=has_prefix)
        following = Following(table, found, specification.log_group, display, ranks=ranks)
        ended = following.to_end() if follow and found.is_active else following.present_lines()
    if not ended.is_active:
        code = "" if ended.exit_code is None else f" with exit code {ended.exit_code}"
        reason = f": {ended.reason}" if ended.reason else ""
        display.status(f"{ended.run_id} {ended.status}{code}{reason}")


@runs.command()
def compare(
    wanted: Annotated[
        list[str],
        typer.Argument(help="Two or more runs. Code is compared with that of the first.", metavar="RUN RUN..."),
    ],
    *,
    environment: EnvironmentNames = None,
    as_json: AsJson = False,
) -> None:
    """Compare runs: what differs in their code, inputs, nodes and results."""
    from mlinfra.cli.presentation import print_json, screen_console
    from mlinfra.cli.run_comparison import comparison
    from mlinfra.operations.runs import compare_runs, describe_run
    from mlinfra.operations.terraform import Repository

    if len(wanted) < len(("first", "second")):
        message = "Two or more runs are required."
        raise typer.BadParameter(message, param_hint="'RUN RUN...'")
    with on_interruption("Nothing was changed."):
        chosen = [chosen_run(each, environment) for each in wanted]
        tables = [table for table, _ in chosen]
        descriptions = [describe_run(table, found) for table, found in chosen]
        metrics = [_metrics(*each) for each in zip(tables, descriptions, strict=True)]
        result = compare_runs(descriptions, Repository(Path.cwd()), metrics=metrics)
    for line in dict.fromkeys(problem for each in descriptions for problem in each.problems):
        typer.echo(line, err=True)
    if as_json:
        print_json(result)
        return
    console = screen_console()
    for renderable in comparison(result):
        console.print(renderable)


@runs.command()
def reproduce(
    run: RunId,
    *,
    environment: EnvironmentNames = None,
    start: Annotated[
        bool, typer.Option("--run", help="Start it again. Its code is put into a folder of its own meanwhile.")
    ] = False,
    team: Annotated[
        str | None,
        typer.Option("--team", help="With --run: the team whose share of a queue is used.", show_default=False),
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help="With --run: return once the run is submitted.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what can still be had of a run, and the commands that give the same again; with --run, start it again."""
    from mlinfra.cli.presentation import error_console, print_json, screen_console
    from mlinfra.cli.run_reproduction import reproduction, start_again
    from mlinfra.operations.runs import describe_run, plan_reproduction
    from mlinfra.operations.terraform import Repository

    with on_interruption("Nothing was changed."):
        table, found = chosen_run(run, environment)
        description = describe_run(table, found)
        repository = Repository(Path.cwd())
        plan = plan_reproduction(table, description, repository)
    if as_json and not start:
        print_json(plan)
        return
    console = error_console() if as_json else screen_console()
    for renderable in reproduction(plan):
        console.print(renderable)
    if start:
        start_again(table, description, plan, repository, team=team, detach=detach, as_json=as_json)
        return
    for line in ("", "To give it again:", *(f"  {each}" for each in plan.commands)) if plan.commands else ():
        typer.echo(line)


def _print_markdown(table: RunTable, description: RunDescription) -> None:
    from mlinfra.cli.run_markdown import run_markdown

    typer.echo(run_markdown(description, _metrics(table, description)))


def _metrics(table: RunTable, description: RunDescription) -> Mapping[str, float]:
    """The metrics of a run, and those in MLflow. If they cannot be read, it is shown without them."""
    from mlinfra.errors import OperationError
    from mlinfra.operations.registration import read_run_metrics

    found = {name: value for each in _tracked(table, description) for name, value in each.metrics.items()}
    try:
        return found | dict(read_run_metrics(table.account, description))
    except OperationError as error:
        typer.echo(str(error), err=True)
        return found


def _tracked(table: RunTable, description: RunDescription) -> tuple[TrackedRun, ...]:
    """The runs in MLflow. If they cannot be read, the run is shown without them."""
    from mlinfra.errors import OperationError
    from mlinfra.operations.runs import tracked_runs

    if description.specification is None or description.specification.provenance.tracking is None:
        return ()
    try:
        return tracked_runs(table.account, table.environment, description.run.run_id)
    except OperationError as error:
        typer.echo(str(error), err=True)
        return ()


@runs.command("open")
def open_ui(run: RunId, *, environment: EnvironmentNames = None) -> None:
    """Open the MLflow UI of the tracking server of a run. The printed URL is valid once, for 5 minutes."""
    from mlinfra.operations.runs import open_tracking

    with on_interruption("Nothing was changed."):
        table, found = chosen_run(run, environment)
        url = open_tracking(table.account, table.environment)
    typer.echo(f"The runs in MLflow have the tag mlinfra.run = {found.run_id}.", err=True)
    typer.echo(url)
    typer.launch(url)


def chosen_run(wanted: str, names: Sequence[str] | None) -> tuple[RunTable, Run]:
    """The run that a user named, and the records of its environment.

    Raises:
        OperationError: if there is no such run or more than one.
    """
    from mlinfra.operations.runs import find_run_everywhere

    return find_run_everywhere(_environments(names), wanted)


def _expect_ranks(ranks: Collection[int] | None, count: int) -> None:
    unknown = [each for each in ranks or () if each >= count]
    if unknown:
        message = f"The run has no rank {unknown[0]}. Expected: 0 to {count - 1}."
        raise typer.BadParameter(message, param_hint="'--rank'")


def _environments(names: Sequence[str] | None) -> tuple[Environment, ...]:
    from mlinfra.declarations import load_environments
    from mlinfra.operations.runs import selected_environments
    from mlinfra.operations.terraform import project_root

    return selected_environments(load_environments(project_root(), judged=False), names or ())


def _valid_statuses(given: list[str]) -> tuple[str, ...]:
    from mlinfra.operations.runs import STATUSES

    unknown = [each for each in given if each not in STATUSES]
    if unknown:
        message = f"{unknown[0]!r} is not a status. Expected: one of {', '.join(STATUSES)}."
        raise typer.BadParameter(message, param_hint="'--status'")
    return tuple(given)


def _expect_id(given: str) -> None:
    from mlinfra.operations.runs import is_run_id

    if not is_run_id(given):
        message = f"{given!r} is not the id of a run. Expected: a whole id, such as 20261130-101500-7f3a."
        raise typer.BadParameter(message, param_hint="'--before'")
