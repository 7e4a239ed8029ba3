"""`mlinfra run`: one command on all nodes of an experiment's cluster, from the working tree to the result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mlinfra.cli import run_options as given
from mlinfra.cli.interruption import on_interruption
from mlinfra.cli.options import AsJson, ExitCode  # Typer reads the annotations
from mlinfra.cli.ranks import chosen_ranks

if TYPE_CHECKING:
    from collections.abc import Collection

    from mlinfra.declarations import Environment, Experiment
    from mlinfra.operations.runs import Admission, PreparedRun, QueueRequest, RunRequest


def run(
    experiment: given.ExperimentName,
    command: given.Command,
    *,
    environment: given.EnvironmentOption = None,
    name: given.RunName = None,
    directory: given.Directory = Path(),
    dirty: given.Dirty = False,
    no_code: given.NoCode = False,
    image: given.ImageName = None,
    lock: given.Lock = None,
    python: given.Python = None,
    variable: given.Variables = None,
    outputs: given.Outputs = given.DEFAULT_OUTPUTS,
    checkpoints: given.Checkpoints = None,
    retries: given.Retries = 0,
    keep: given.Keep = None,
    data: given.Data = None,
    wait: given.Wait = given.DEFAULT_WAIT_SECONDS,
    concurrent: given.Concurrent = False,
    in_turn: given.InTurn = False,
    queue: given.QueueName = None,
    nodes: given.QueueNodes = None,
    array: given.ArraySize = None,
    gpus: given.QueueGpus = None,
    team: given.QueueTeam = None,
    spot: given.OnSpot = None,
    timeout: given.QueueTimeout = None,
    rank: given.Ranks = "0",
    detach: given.Detach = False,
    dry_run: given.DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Run a command on all nodes of an experiment's cluster, and follow it to its end.

    The cluster is started if it is stopped. The code is the git repository of the working directory, at its commit.

    The exit code is that of the command. Ctrl-C detaches: the run goes on. A second Ctrl-C within 3 seconds cancels it.
    """
    from mlinfra.operations.runs import Admission, QueueRequest, RunRequest, parse_pairs, select_experiment
    from mlinfra.operations.terraform import project_root

    request = RunRequest(
        command=tuple(command),
        folder=directory.resolve(),
        name=name,
        has_code=not no_code,
        dirty=dirty,
        image=image,
        lock=lock,
        python=python,
        variables=parse_pairs("--variable", variable or ()),
        outputs=outputs,
        checkpoints=checkpoints,
        retries=retries,
        keep_minutes=keep,
        data=parse_pairs("--data", data or ()),
    )
    in_queue = QueueRequest(
        nodes=nodes or 1,
        array_size=array,
        spot=spot,
        gpus_per_node=gpus,
        team=team,
        timeout_seconds=timeout or given.DEFAULT_TIMEOUT_SECONDS,
    )
    chosen, declared = select_experiment(project_root(), experiment, environment=environment)
    options = _Options(wait, chosen_ranks(rank), is_detached=detach, is_dry=dry_run, as_json=as_json)
    if queue is not None:
        if concurrent or in_turn or keep is not None:
            message = "--keep, --concurrent and --in-turn concern clusters, and --queue names a queue."
            raise typer.BadParameter(message, param_hint="'--queue'")
        raise typer.Exit(_in_queue(chosen, declared, request, options, queue=queue, in_queue=in_queue))
    if in_queue != QueueRequest():
        message = "--nodes, --array, --gpus, --team, --spot and --timeout concern queues. Expected: --queue NAME too."
        raise typer.BadParameter(message, param_hint="'--queue'")
    if concurrent and in_turn:
        message = "--in-turn waits for other runs, and --concurrent does not. Expected: one of them."
        raise typer.BadParameter(message, param_hint="'--in-turn'")
    admission = Admission.CONCURRENT if concurrent else Admission.IN_TURN if in_turn else Admission.ALONE
    raise typer.Exit(_on_cluster(chosen, declared, request, options, admission))


@dataclass(frozen=True)
class _Options:
    wait_seconds: int
    ranks: Collection[int] | None
    is_detached: bool
    is_dry: bool
    as_json: bool


def _on_cluster(
    environment: Environment,
    experiment: Experiment,
    request: RunRequest,
    options: _Options,
    admission: Admission,
) -> int:
    from mlinfra.cli.followed_run import SubmittedRun
    from mlinfra.cli.presentation import progress
    from mlinfra.cli.run_plan import show_plan
    from mlinfra.operations.runs import (
        RunTable,
        check_launch,
        launch,
        prepared,
        start_on_nodes,
        start_on_ready_nodes,
    )

    with on_interruption(_not_submitted(environment)), prepared(request, progress()) as prepared_run:
        _show_notes(prepared_run)
        ready = check_launch(RunTable(environment), experiment, admission=admission)
        if ready.cluster.activity:
            _remark(f"The cluster is in use: {ready.cluster.activity}.")
        if options.is_dry:
            show_plan(ready, prepared_run, as_json=options.as_json)
            return ExitCode.SUCCESS
        spec = launch(
            ready,
            prepared_run,
            wait_seconds=options.wait_seconds,
            progress=progress(),
            waits_for_capacity=not options.is_detached,
        )
    submitted = SubmittedRun(ready.table, spec, as_json=options.as_json)
    if options.is_detached:
        start_on_ready_nodes(ready, spec)
        submitted.show_detached()
        return ExitCode.SUCCESS
    return submitted.follow(
        options.ranks,
        start=lambda: start_on_nodes(ready, spec, wait_seconds=options.wait_seconds, progress=progress()),
    )


def _in_queue(
    environment: Environment,
    experiment: Experiment,
    request: RunRequest,
    options: _Options,
    *,
    queue: str,
    in_queue: QueueRequest,
) -> int:
    from mlinfra.cli.followed_run import SubmittedRun
    from mlinfra.cli.presentation import progress
    from mlinfra.cli.run_plan import show_queue_plan
    from mlinfra.operations.runs import RunTable, launch_in_queue, prepared, select_place

    place = select_place(environment, queue, in_queue, request)
    with on_interruption(_not_submitted(environment)), prepared(request, progress()) as prepared_run:
        _show_notes(prepared_run)
        if options.is_dry:
            show_queue_plan(environment, place, prepared_run, as_json=options.as_json)
            return ExitCode.SUCCESS
        table = RunTable(environment)
        spec = launch_in_queue(table, experiment, prepared_run, place, progress=progress())
    submitted = SubmittedRun(table, spec, as_json=options.as_json)
    if options.is_detached:
        submitted.show_detached()
        return ExitCode.SUCCESS
    return submitted.follow(options.ranks)


def _show_notes(prepared_run: PreparedRun) -> None:
    for note in prepared_run.code.notes if prepared_run.code else ():
        _remark(note)


def _remark(text: str) -> None:
    from mlinfra.cli.presentation import error_console

    error_console().print(f"  {text}", markup=False, style="yellow")


def _not_submitted(environment: Environment) -> str:
    from mlinfra.command import own_command

    return (
        f"No run was submitted, unless `{own_command()} runs list --env {environment.name}` shows it. A cluster that "
        f"was started stops once it is idle."
    )
