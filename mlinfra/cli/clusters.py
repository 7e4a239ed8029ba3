"""`mlinfra clusters`: state, cost and expiry of training clusters; start, stop and extension."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone  # Typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlinfra.cli.interruption import on_interruption
from mlinfra.cli.options import AsJson, EnvironmentName  # noqa: TC001  Typer reads the annotations
from mlinfra.cli.run_options import duration
from mlinfra.cli.units import NOTHING, UNKNOWN, short_duration, short_usd
from mlinfra.command import own_command
from mlinfra.functions.counting import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from mlinfra.declarations import Environment
    from mlinfra.operations.clusters import Cluster, ClusterStop

clusters = typer.Typer(help="Training clusters: state, cost and expiry; start, stop and extend them.")

_Experiment = Annotated[str, typer.Argument(help="The experiment's name.", metavar="EXPERIMENT")]


@clusters.callback(invoke_without_command=True)
def show(
    context: typer.Context,
    *,
    environment: Annotated[
        list[str] | None,
        typer.Option(
            "--env",
            help="An environment; may be given several times. Default: all of the AWS account in use.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show every cluster: owner, state, age, idle minutes, cost so far, expiry, and marks of what needs attention."""
    if context.invoked_subcommand is not None:
        return
    from mlinfra.cli.presentation import output_console, print_json, print_table
    from mlinfra.declarations import load_environments
    from mlinfra.operations.clusters import list_all_clusters
    from mlinfra.operations.terraform import project_root

    with on_interruption("Nothing was changed."):
        listing = list_all_clusters(load_environments(project_root(), judged=False), names=environment or ())
    for line in listing.skipped:
        typer.echo(f"Skipped: {line}", err=True)
    if as_json:
        print_json([_facts(each) for each in listing.clusters])
        return
    if not listing.clusters:
        typer.echo("There are no clusters.")
        return
    print_table(_table(listing.clusters))
    console = output_console()
    for line in _remarks(listing.clusters):
        console.print(line, markup=False)


@clusters.command()
def start(
    environment: EnvironmentName,
    experiment: _Experiment,
    *,
    wait_for_capacity: Annotated[
        int | None,
        typer.Option(
            help="Request no node, so that nothing is billed, until EC2 has capacity for all nodes together, for at "
            "most this time. Default: nodes are launched one by one while it has not.",
            metavar="DURATION",
            parser=duration,
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Start a stopped cluster: request all of its nodes. Launching that AWS suspended is resumed."""
    from mlinfra.operations.clusters import CapacityWait, start_cluster

    capacity = None if wait_for_capacity is None else CapacityWait(seconds=wait_for_capacity, say=_say)
    with on_interruption(_unknown_outcome(environment)):
        started = start_cluster(_declared(environment), experiment, capacity=capacity)
    cluster = started.cluster
    if _json(cluster, as_json=as_json, resumed=started.resumed, one_by_one=started.one_by_one):
        return
    if started.resumed is not None:
        typer.echo(f"{cluster.name}: launching, which AWS had suspended, is resumed ({started.resumed}).")
    typer.echo(f"{cluster.name}: {cluster.wanted} nodes requested, {cluster.nodes} exist.")
    if started.one_by_one is not None:
        typer.echo(
            f"{cluster.name}: nodes may be launched one by one, each billed from its launch: {started.one_by_one}. To "
            f"request them only once there is capacity for all: {own_command()} clusters stop {environment} "
            f"{experiment} --force, then {own_command()} clusters start {environment} {experiment} "
            f"--wait-for-capacity 2h"
        )
    _show_expiry(cluster)


@clusters.command()
def stop(
    environment: EnvironmentName,
    experiment: _Experiment,
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Terminate all nodes, although a job is or may be running. The job is lost.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Stop a cluster on which nothing runs. The volumes of its nodes are kept for the environment's grace period.

    If its run was cancelled, its end is waited for, up to three minutes. If its job or run has just ended, the next
    reports of its nodes are waited for, up to two and a half minutes.
    """
    from mlinfra.operations.clusters import stop_cluster, stop_cluster_once_reported
    from mlinfra.operations.runs import expect_no_active_run

    declared = _declared(environment)
    with on_interruption(_unknown_outcome(environment)):
        if force:
            stopped = stop_cluster(declared, experiment, force=True)
        else:
            expect_no_active_run(declared, experiment, say=_say)
            stopped = stop_cluster_once_reported(declared, experiment, say=_wait)
    cluster = stopped.cluster
    more = {"terminated": stopped.terminated, "protected": stopped.protected, "not_recorded": stopped.not_recorded}
    if not _json(cluster, as_json=as_json, **more):
        left = f", {cluster.nodes} nodes are shutting down" if cluster.nodes else ""
        ended = f", {stopped.terminated} nodes terminated" if stopped.terminated else ""
        typer.echo(f"{cluster.name}: {cluster.state}{ended}{left}. {_volumes(stopped, declared.volume_grace_days)}")
        if stopped.protected:
            typer.echo(
                f"{cluster.name}: protected from scale-in: {', '.join(stopped.protected)}. These nodes keep running "
                f"until their node guards remove the protection, within about a minute. If they are still listed then, "
                f"run the same command again: it terminates idle nodes."
            )
    if stopped.not_recorded:
        typer.echo(f"The stop of {cluster.name} was not recorded: {stopped.not_recorded}.", err=True)


def _say(reason: str) -> None:
    typer.echo(f"{reason}.", err=True)


def _wait(reason: str) -> None:
    typer.echo(f"{reason}. Waiting for the next reports of its nodes, because its last job has just ended.", err=True)


@clusters.command()
def extend(
    environment: EnvironmentName,
    experiment: _Experiment,
    *,
    until: Annotated[
        datetime | None, typer.Option(help="The new last day, in UTC.", formats=["%Y-%m-%d"], show_default=False)
    ] = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Remove the extension. The declared expiry counts again.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Extend a cluster beyond the expiry that its experiment declares, or undo that. Effective immediately."""
    from mlinfra.operations.clusters import extend_cluster, undo_extension

    if undo:
        if until is not None:
            message = "--until and --undo exclude each other."
            raise typer.BadParameter(message, param_hint="'--undo'")
        with on_interruption(_unknown_outcome(environment)):
            declared = undo_extension(_declared(environment), experiment)
        if not _json(declared, as_json=as_json):
            typer.echo(f"{declared.name}: the extension is removed.")
            _show_expiry(declared)
        return
    if until is None:
        message = "The new last day is required: --until 2026-12-18. To remove an extension: --undo."
        raise typer.BadParameter(message, param_hint="'--until'")
    with on_interruption(_unknown_outcome(environment)):
        extended = extend_cluster(_declared(environment), experiment, until.date())
    if _json(extended, as_json=as_json):
        return
    _show_expiry(extended)
    typer.echo(
        f"Change the declaration too: expires=date({until.year}, {until.month}, {until.day}) in "
        f"environments/{environment}.py. Until then, a synth uses the declared date."
    )


def last_day(end: datetime) -> str:
    """The last day before `end`, in UTC, as 2026-12-18."""
    return (end.astimezone(timezone.utc) - timedelta(days=1)).date().isoformat()


def _unknown_outcome(environment: str) -> str:
    from mlinfra.command import own_command

    return (
        f"The change may have been made already: `{own_command()} clusters --env {environment}` shows the present "
        f"state. The same command can be run again."
    )


def _json(cluster: Cluster, *, as_json: bool, **more: object) -> bool:
    """Write the cluster and `more` as JSON, if that is requested. Returns `as_json`."""
    if as_json:
        from mlinfra.cli.presentation import print_json

        print_json(_facts(cluster) | more)
    return as_json


def _show_expiry(cluster: Cluster) -> None:
    if cluster.expires:
        verb = "expires" if cluster.expires > datetime.now(timezone.utc) else "expired"
        typer.echo(f"{cluster.name} {verb} at the end of {last_day(cluster.expires)} (UTC).")
    else:
        typer.echo(f"{cluster.name} has no valid expiry.")
    for mark in cluster.marks:
        typer.echo(f"{cluster.name}: {mark.text}.")


def _volumes(stopped: ClusterStop, days: int) -> str:
    if any(mark.kind == "no-shutdown" for mark in stopped.cluster.marks):
        return (
            "Its volumes are kept, and incur charges until you delete them: no janitor deletes them. They have the tag "
            "DeleteAfter."
        )
    return f"Its volumes are kept for {counted(days, 'day')}."


def _declared(name: str) -> Environment:
    from mlinfra.declarations import load_environments
    from mlinfra.operations.terraform import project_root

    (environment,) = load_environments(project_root(), only=name, judged=False)
    return environment


def _table(found: Sequence[Cluster]) -> Table:
    from mlinfra.cli.presentation import table

    figures = ("Age", "Idle min", "USD/h", "USD so far", "Limit")
    made = table("Cluster", "Owner", "State", "Nodes", "Type", *figures, "Expires", "Marks", right_aligned={*figures})
    for each in found:
        made.add_row(
            each.name,
            each.owner or UNKNOWN,
            each.state,
            f"{each.nodes}/{each.wanted}",
            ", ".join(each.instance_types) or NOTHING,
            _age(each.since),
            _idle(each),
            short_usd(each.usd_per_hour),
            short_usd(each.usd_so_far),
            f"{each.spend_limit_usd:.0f}" if each.spend_limit_usd else NOTHING,
            (last_day(each.expires) if each.expires else "never") + ("\n(extended)" if each.extended else ""),
            "\n".join(mark.kind for mark in each.marks) or NOTHING,
        )
    return made


def _remarks(found: Sequence[Cluster]) -> list[str]:
    lines = []
    for each in found:
        if each.nodes:
            lines.append(f"{each.name}: {each.work.value}, {each.work_reason}")
        lines += [f"{each.name}: {mark.text}" for mark in each.marks]
        if not each.declared:
            lines.append(f"{each.name}: not declared by any experiment; the next deploy of its stack deletes it")
        lines += [f"{each.name}: {problem}" for problem in each.problems]
    return lines


def _idle(cluster: Cluster) -> str:
    if not cluster.nodes:
        return NOTHING
    return UNKNOWN if cluster.idle_minutes is None else str(cluster.idle_minutes)


def _age(since: datetime | None) -> str:
    return NOTHING if since is None else short_duration(datetime.now(timezone.utc) - since)


def _facts(cluster: Cluster) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(cluster) | {
        "work": cluster.work.value,
        "since": cluster.since.isoformat() if cluster.since else None,
        "expires": last_day(cluster.expires) if cluster.expires else None,
        "forced_end": cluster.forced_end.isoformat() if cluster.forced_end else None,
    }
