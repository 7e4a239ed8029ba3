"""A run until it starts on its nodes: checks, upload, start of the cluster, submission, wait for the nodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlinfra.operations.clusters import CapacityWait
from mlinfra.operations.runs.delivery import send_start
from mlinfra.operations.runs.occupancy import Admission, active_runs, find_place
from mlinfra.operations.runs.submission import read_submitted, submit, upload_run
from mlinfra.operations.runs.waiting import NodeWatch, NotReadyError, stop_if_unused, wait_for_nodes
from mlinfra.runner import RunStatus

if TYPE_CHECKING:
    from mlinfra.declarations import Environment, Experiment
    from mlinfra.operations.runs.delivery import Delivery
    from mlinfra.operations.runs.occupancy import Place
    from mlinfra.operations.runs.run_table import RunTable
    from mlinfra.operations.runs.submission import PreparedRun
    from mlinfra.operations.runs.waiting import ClusterForRun
    from mlinfra.operations.terraform import Progress
    from mlinfra.runner import RunSpecification


@dataclass(frozen=True)
class Launch:
    """A run that may start: its cluster exists, and its place on it is free."""

    table: RunTable
    experiment: Experiment
    cluster: ClusterForRun
    place: Place
    watch: NodeWatch

    @property
    def environment(self) -> Environment:
        """The environment of the run."""
        return self.table.environment


def check_launch(table: RunTable, experiment: Experiment, *, admission: Admission = Admission.ALONE) -> Launch:
    """Check that a run may start on the cluster of an experiment.

    Args:
        table: the records of its environment.
        experiment: the experiment.
        admission: the way in which it is submitted while other runs are active. Default: alone.

    Raises:
        OperationError: if the cluster does not exist, another run occupies it and this one is submitted alone, or AWS
            refuses.
    """
    cluster = table.environment.names.cluster(experiment)
    place = find_place(table, cluster, experiment.name, admission=admission)
    watch = NodeWatch(table, experiment)
    return Launch(table, experiment, watch.cluster(), place, watch)


def launch(
    launch_: Launch,
    prepared_run: PreparedRun,
    *,
    wait_seconds: int,
    progress: Progress,
    waits_for_capacity: bool = False,
) -> RunSpecification:
    """Upload and submit a run, and start its cluster if it is stopped.

    Args:
        launch_: the run that may start.
        prepared_run: its code and settings.
        wait_seconds: the longest wait for the nodes, in seconds.
        progress: reports the steps.
        waits_for_capacity: True: no node is requested, and nothing is billed, while EC2 has no capacity for all nodes
            together, for at most `wait_seconds`. Default: False, the nodes are launched one by one then.

    Raises:
        OperationError: if AWS refuses, the cluster may not start, EC2 had no capacity during the wait, or another run
            has taken its place in the meantime.
    """
    cluster = launch_.cluster
    uploaded = upload_run(
        launch_.table,
        launch_.experiment,
        prepared_run,
        nodes=cluster.nodes,
        wait_seconds=wait_seconds,
        progress=progress,
    )
    # Before the records: a refused start must leave no run that waits for its nodes.
    if cluster.must_start:
        with progress.step("Start the cluster") as step:
            capacity = CapacityWait(seconds=wait_seconds, say=step.wait_for) if waits_for_capacity else None
            remark = launch_.watch.start(capacity)
            step.conclude(remark or f"{cluster.nodes} nodes requested")
    return submit(launch_.table, uploaded, launch_.place, progress)


def start_on_nodes(
    launch_: Launch, spec: RunSpecification, *, wait_seconds: int, progress: Progress
) -> Delivery | None:
    """Wait for all nodes of a run, and start it on them.

    Returns:
        The nodes that were reached. None: the nodes have started it already, or it has ended.

    Raises:
        NotReadyError: if the nodes were not ready in time. The run has ended, and a cluster that was stopped before it
            is stopped again.
        OperationError: if AWS refuses.
    """
    table = launch_.table
    try:
        with progress.step("Wait for the nodes") as step:
            states = wait_for_nodes(
                launch_.watch,
                spec.nodes,
                seconds=wait_seconds,
                step=step,
                read_run=lambda: table.read(spec.partition, spec.run_id),
            )
            step.conclude(states.conclusion)
    except NotReadyError as error:
        if not _give_up(table, spec, error.message):
            return None
        outcome = _stop_again(launch_, spec)
        message = f"{error.message.rstrip('.')}. The run {spec.run_id} has ended. {outcome}"
        raise NotReadyError(message, details=error.details) from None
    return send_start(table.account, launch_.environment, spec.run_id, states.ready) if states.are_ready else None


def start_on_ready_nodes(launch_: Launch, spec: RunSpecification) -> Delivery | None:
    """Start a run on its nodes if all of them are ready now. None: not all are; their guards start it later.

    Raises:
        OperationError: if AWS refuses.
    """
    states = launch_.watch.states(spec.nodes)
    return (
        send_start(launch_.table.account, launch_.environment, spec.run_id, states.ready) if states.are_ready else None
    )


def _give_up(table: RunTable, spec: RunSpecification, reason: str) -> bool:
    """Record the end of a run that still waits for its nodes. False: it has started, or ended, in the meantime."""
    return table.end(read_submitted(table, spec), RunStatus.FAILED, reason, only_if=(RunStatus.WAITING,))


def _stop_again(launch_: Launch, spec: RunSpecification) -> str:
    others = active_runs(launch_.table, spec.partition, spec.experiment)
    return stop_if_unused(
        launch_.environment, spec.experiment, was_stopped=launch_.cluster.is_stopped, others=bool(others)
    )
