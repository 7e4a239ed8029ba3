"""`mlinfra clusters`: what runs, whose it is, what it costs, and stopping it."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  Typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mlinfra.declarations import Environment
    from mlinfra.operations.clusters import Cluster

clusters = typer.Typer(help="The training clusters that are there, and starting, stopping and extending them.")

_Environment = Annotated[str, typer.Argument(help="The environment, such as dev.", metavar="ENV")]
_Experiment = Annotated[str, typer.Argument(help="The experiment's name.", metavar="EXPERIMENT")]


@clusters.callback(invoke_without_command=True)
def show(
    context: typer.Context,
    *,
    environment: Annotated[
        list[str] | None,
        typer.Option("--env", help="An environment; may be given several times. Default: all of the account at hand."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show every cluster: state, age, idle minutes, cost so far, expiry."""
    if context.invoked_subcommand is None:
        from mlinfra.cli.clusters_table import show_clusters

        show_clusters(environment or [], as_json=as_json)


@clusters.command()
def start(environment: _Environment, experiment: _Experiment) -> None:
    """Ask for all nodes of a stopped cluster again."""
    from mlinfra.operations.clusters import start_cluster

    started = start_cluster(_declared(environment), experiment)
    typer.echo(f"{started.name}: {started.wanted} nodes are asked for, {started.nodes} are there.")
    _say_expiry(started)


@clusters.command()
def stop(
    environment: _Environment,
    experiment: _Experiment,
    *,
    force: Annotated[bool, typer.Option("--force", help="Although it works, or may: what runs on it is lost.")] = False,
) -> None:
    """Stop a cluster that does not work. The volumes of its nodes are kept for some days."""
    from mlinfra.operations.clusters import stop_cluster

    declared = _declared(environment)
    stopped = stop_cluster(declared, experiment, force=force)
    left = f", {stopped.nodes} nodes are still going" if stopped.nodes else ""
    days = declared.volume_grace_days
    typer.echo(f"{stopped.name}: {stopped.state}{left}. Its volumes are kept for {days} day{'s' if days > 1 else ''}.")


@clusters.command()
def extend(
    environment: _Environment,
    experiment: _Experiment,
    *,
    until: Annotated[datetime, typer.Option(help="The new last day.", formats=["%Y-%m-%d"])],
) -> None:
    """Let a cluster live longer than its experiment declares, from now on."""
    from mlinfra.operations.clusters import extend_cluster

    extended = extend_cluster(_declared(environment), experiment, until.date())
    _say_expiry(extended)
    typer.echo(
        f"Change it where it is declared too: expires=date({until.year}, {until.month}, {until.day}) in "
        f"environments/{environment}.py. The next synth after the old date refuses the experiment until then."
    )


def _say_expiry(cluster: Cluster) -> None:
    if cluster.expires:
        from mlinfra.cli.clusters_table import last_day

        typer.echo(f"{cluster.name} lasts until the end of {last_day(cluster.expires)} (UTC).")


def _declared(name: str) -> Environment:
    from mlinfra.declarations import load_environments
    from mlinfra.operations.terraform import project_root

    (environment,) = load_environments(project_root(), only=name, judged=False)
    return environment
