"""The training of the demo: a run on the nodes of the first experiment, until its cluster has stopped itself."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mlinfra.errors import OperationError
from mlinfra.functions.clients import Clients
from mlinfra.functions.counting import counted
from mlinfra.operations.runs import (
    Following,
    RunRequest,
    RunTable,
    check_launch,
    launch,
    prepared,
    read_submitted,
    run_figures,
    start_on_nodes,
)
from mlinfra.operations.terraform import NestedProgress
from mlinfra.runner import RunStatus

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mlinfra.declarations import Environment, Experiment
    from mlinfra.operations.demo.lesson import Lesson
    from mlinfra.operations.runs import Launch, LogLine, PreparedRun, Run
    from mlinfra.operations.terraform import Step

FOLDER: Final = "examples/training_job"
PROGRAM: Final = "data_parallel.py"
_COMMAND: Final = ("python3", PROGRAM, "--epochs", "600")
_NODES_SECONDS: Final = 300
_FOLLOW_SECONDS: Final = 0.5
_STOP_SECONDS: Final = 90.0
_HOURS_A_DAY: Final = 24


@dataclass(frozen=True)
class DemoTraining:
    """A run that succeeded, and the stop of its cluster."""

    run_id: str
    experiment: str
    nodes: int
    seconds: float
    """The time from the submission to the end of the run, in seconds."""
    usd: float | None
    """The cost of its nodes in AWS, in USD. None: the price is unknown."""
    last_line: str
    """The last line of the first node."""
    stopped_after_seconds: float
    """The time between the end of the run and the stop of its cluster, in seconds."""
    usd_per_day: float | None
    """The cost of the cluster in AWS for each day that it would have run on, in USD. None: unknown."""


def training_of(environment: Environment, root: Path) -> Experiment | None:
    """The experiment whose cluster trains in the demo. None: there is none, or the project has no example program."""
    if not environment.experiments or not (root / FOLDER / PROGRAM).is_file():
        return None
    return environment.experiments[0]


def train(environment: Environment, experiment: Experiment, root: Path, lesson: Lesson) -> DemoTraining:
    """Run the example program on all nodes of a cluster, and wait until the cluster has stopped itself.

    Args:
        environment: the environment, which is deployed.
        experiment: its experiment.
        root: the project, in a git repository.
        lesson: shows the steps.

    Raises:
        OperationError: if the run does not succeed, or its cluster is not stopped.
    """
    table = RunTable(environment)
    launched = check_launch(table, experiment)
    request = RunRequest(_COMMAND, folder=root / FOLDER, dirty=True)
    title = f"mlinfra run {experiment.name} -- {' '.join(_COMMAND)}"
    with lesson.step(title, "starts the cluster, and trains on its nodes", seconds=45) as step:
        with prepared(request, NestedProgress(step)) as packed:
            run, last_line = _follow(table, launched, packed, step)
        if run.status != RunStatus.SUCCEEDED or run.ended_at is None or run.submitted_at is None:
            message = (
                f"The run {run.run_id} of the demo ended as {run.status}: {run.reason or 'no reason is recorded'}."
            )
            raise OperationError(message)
        figures = run_figures(environment, run)
        seconds = (run.ended_at - run.submitted_at).total_seconds()
        cost = "" if figures.usd_known is None else f", {figures.usd_known:.4f} USD in AWS"
        step.conclude(f"{run.run_id}: {run.nodes} nodes, {seconds:.0f} s{cost}")
    with lesson.step("Wait until the cluster has stopped itself", "idle nodes cost nothing", seconds=5) as step:
        autoscaling = Clients(table.account.session).autoscaling
        stopped = _wait_for_stop(autoscaling, launched.cluster.name)
        price = launched.cluster.usd_per_hour
        saved = "" if price is None else f", which saves {price * _HOURS_A_DAY:.2f} USD a day in AWS"
        step.conclude(f"{stopped:.0f} s after the end of the run{saved}")
    return DemoTraining(
        run_id=run.run_id,
        experiment=experiment.name,
        nodes=run.nodes or 0,
        seconds=seconds,
        usd=figures.usd_known,
        last_line=last_line,
        stopped_after_seconds=stopped,
        usd_per_day=None if price is None else price * _HOURS_A_DAY,
    )


def _follow(table: RunTable, launched: Launch, packed: PreparedRun, step: Step) -> tuple[Run, str]:
    """Start the run, and follow it to its end. Returns it with the last line of its first node."""
    nested = NestedProgress(step)
    spec = launch(launched, packed, wait_seconds=_NODES_SECONDS, progress=nested)
    start_on_nodes(launched, spec, wait_seconds=_NODES_SECONDS, progress=nested)
    display = _Lines(step)
    following = Following(
        table, read_submitted(table, spec), spec.log_group, display, seconds=_FOLLOW_SECONDS, sleep=time.sleep
    )
    return following.to_end(), display.last


class _Lines:
    """The output of a run as details of a step."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self.last = ""

    def line(self, line: LogLine) -> None:
        self.last = line.text
        self._step.say(line.text)

    def status(self, text: str) -> None:
        self._step.say(text)


def _wait_for_stop(
    autoscaling: Any,  # noqa: ANN401  boto3 is untyped
    cluster: str,
    *,
    monotonic: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> float:
    """The seconds until a cluster has no nodes.

    Raises:
        OperationError: if it still has some after `_STOP_SECONDS`.
    """
    started = monotonic()
    while True:
        (group,) = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[cluster])["AutoScalingGroups"]
        if not group["DesiredCapacity"] and not group["Instances"]:
            return monotonic() - started
        if monotonic() - started > _STOP_SECONDS:
            remaining = counted(len(group["Instances"]), "node")
            message = (
                f"The cluster {cluster} still has {remaining} {_STOP_SECONDS:.0f} seconds after its run. Expected: "
                f"the function of finished jobs stops it at once, since pause_minutes is 0."
            )
            raise OperationError(message)
        sleep(0.5)
