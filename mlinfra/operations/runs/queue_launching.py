"""A run in a queue of AWS Batch, from its request to its job."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mlinfra.errors import OperationError
from mlinfra.operations.runs.occupancy import Admission, Place
from mlinfra.operations.runs.queue_submission import expect_deployed, in_queue, place_in, submit_job
from mlinfra.operations.runs.submission import read_submitted, submit, upload_run
from mlinfra.runner import RunAttribute, RunStatus

if TYPE_CHECKING:
    from mlinfra.declarations import Environment, Experiment
    from mlinfra.operations.runs.queue_submission import QueuePlace, QueueRequest
    from mlinfra.operations.runs.request import RunRequest
    from mlinfra.operations.runs.run_table import RunTable
    from mlinfra.operations.runs.submission import PreparedRun
    from mlinfra.operations.terraform import Progress
    from mlinfra.runner import RunSpecification


def select_place(environment: Environment, queue: str, wanted: QueueRequest, request: RunRequest) -> QueuePlace:
    """The place of a run in a queue, after all checks that need no AWS.

    Raises:
        OperationError: if there is no such queue, or it does not accept the run, with every problem at once.
    """
    declared = next((each for each in environment.queues if each.name == queue), None)
    if declared is None:
        names = ", ".join(each.name for each in environment.queues) or "none"
        message = f"The environment {environment.name!r} has no queue {queue!r}. Declared: {names}."
        raise OperationError(message)
    return place_in(declared, wanted, image=request.image, retries=request.retries)


def launch_in_queue(
    table: RunTable,
    experiment: Experiment,
    prepared_run: PreparedRun,
    place: QueuePlace,
    *,
    progress: Progress,
) -> RunSpecification:
    """Upload and submit a run to a queue.

    Args:
        table: the records of its environment.
        experiment: the experiment whose owner and models it belongs to.
        prepared_run: its archives.
        place: its place.
        progress: receives the steps.

    Raises:
        OperationError: if the queue is not deployed, or AWS refuses. A run whose job was refused has ended.
    """
    environment = table.environment
    expect_deployed(table.account, environment, place)
    uploaded = upload_run(table, experiment, prepared_run, nodes=place.request.nodes, wait_seconds=0, progress=progress)
    uploaded = replace(uploaded, spec=in_queue(uploaded.spec, environment, place))
    spec = submit(table, uploaded, Place(table, uploaded.spec.partition, None, Admission.CONCURRENT), progress)
    with progress.step("Submit the job") as step:
        try:
            job = submit_job(table.account, environment, spec, place, runner=uploaded.runner)
        except OperationError as error:
            _record(table, spec, {RunAttribute.STATUS: RunStatus.FAILED, RunAttribute.REASON: error.message})
            raise
        _record(table, spec, {RunAttribute.BATCH_JOB: job})
        step.conclude(job)
    return spec


def _record(table: RunTable, spec: RunSpecification, values: dict[str, Any]) -> None:
    """Add attributes to the record of a run that waits; an end has a time."""
    if RunAttribute.STATUS in values:
        values = {**values, RunAttribute.ENDED_AT: Decimal(str(table.now.timestamp()))}
    names = {f"#{number}": name for number, name in enumerate(values)}
    changes = ", ".join(f"#{number} = :{number}" for number in range(len(values)))
    table.update(
        read_submitted(table, spec),
        f"SET {changes}",
        condition="attribute_exists(#id)",
        names={**names, "#id": RunAttribute.SUBMITTED_AT},
        values={f":{number}": value for number, value in enumerate(values.values())},
    )
