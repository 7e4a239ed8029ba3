"""Submission of runs to the queues of AWS Batch.

Runs with the same image and resources share a job definition: its name ends with the digest of its content. All that
differs between runs is in `run.json` and in a few variables of the job.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, Literal

from mlinfra.declarations import (
    CONTAINER_LIMITS,
    has_one_version,
    linux_parameters,
    node_properties,
    node_resources,
    retry_conditions,
    scratch_mount,
)
from mlinfra.errors import OperationError
from mlinfra.functions.clients import error_code
from mlinfra.operations.aws import aws_errors_explained
from mlinfra.runner.batch_contract import LOST_NODE_STATUS, BatchVariable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.declarations import Environment, NodeResources, Queue
    from mlinfra.operations.aws import AwsAccount
    from mlinfra.runner import Code, RunSpecification

Kind = Literal["spot", "on-demand", "multi-node"]

_DAY_SECONDS: Final = 86_400
_LARGEST_ARRAY: Final = 500
"""Below the 10,000 of AWS Batch: each job of an array reports to the records of the run every few seconds."""
_MOST_RETRIES: Final = 9
"""A job has at most 10 attempts. Source: Batch API reference, RetryStrategy, read 2026-11-29."""
_OVERRIDES_BYTES: Final = 8192
"""The limit of ECS for the overrides of a task, in characters. Source: ECS API reference, TaskOverride, read
2026-11-29."""


@dataclass(frozen=True)
class QueueRequest:
    """The wishes of a user for a run in a queue, in addition to the request for the run."""

    nodes: int = 1
    array_size: int | None = None
    """The number of independent copies of the command. None: one."""
    spot: bool | None = None
    """True: on spot capacity. None: for one node."""
    gpus_per_node: int | None = None
    """None: all of the first instance type's."""
    team: str | None = None
    """The share identifier. None: the only team of the queue."""
    timeout_seconds: int = _DAY_SECONDS
    """The longest time of an attempt, in seconds."""
    priority: int | None = None
    """The priority among the jobs of the team, 1 to 9999. None: 100."""


@dataclass(frozen=True)
class QueuePlace:
    """The place of a run in a queue, after all checks that need no AWS."""

    queue: Queue
    request: QueueRequest
    kind: Kind
    team: str
    resources: NodeResources


def place_in(queue: Queue, request: QueueRequest, *, image: str | None, retries: int) -> QueuePlace:
    """The place of a run in `queue`.

    Args:
        queue: the declared queue.
        request: what the user asks for.
        image: the container image.
        retries: the number of further attempts.

    Raises:
        OperationError: with every problem at once.
    """
    problems = [*_image_problems(image), *_size_problems(queue, request)]
    if not 0 <= retries <= _MOST_RETRIES:
        problems.append(f"--retries: {retries} is out of range. Expected: 0 to {_MOST_RETRIES} in a queue.")
    team = request.team or (next(iter(queue.teams)) if len(queue.teams) == 1 else None)
    if team is None or (request.team and request.team not in queue.teams):
        given = f"{request.team!r} is not a team of the queue" if request.team else "the queue has several teams"
        problems.append(f"--team: {given}. Expected: one of {', '.join(sorted(queue.teams))}.")
    if request.timeout_seconds < 60:  # noqa: PLR2004  Batch API reference, JobTimeout
        problems.append(f"--timeout: {request.timeout_seconds} seconds are too short. Expected: at least 60.")
    if problems or team is None:
        message = f"The run cannot be started in the queue {queue.name!r}."
        raise OperationError(message, details="\n".join(problems))
    on_spot = request.nodes == 1 if request.spot is None else request.spot
    kind: Kind = "multi-node" if request.nodes > 1 else "spot" if on_spot else "on-demand"
    return QueuePlace(queue, request, kind, team, node_resources(queue, gpus=request.gpus_per_node))


def in_queue(spec: RunSpecification, environment: Environment, place: QueuePlace) -> RunSpecification:
    """`spec`, as a run in a queue.

    Args:
        spec: the run, as for the cluster of its experiment.
        environment: its environment.
        place: its place.
    """
    queue = place.queue
    nodes = place.request.nodes
    return replace(
        spec,
        partition=environment.names.job_queue(queue, place.kind),
        log_group=environment.names.queue_log_group(queue),
        queue=queue.name,
        nodes=nodes,
        array_size=place.request.array_size,
        instance_type=queue.node_types[0].name,
        gpus=place.resources.gpus,
        efa_adapters=queue.node_types[0].efa_count if nodes > 1 and queue.efa else 0,
    )


def expect_deployed(account: AwsAccount, environment: Environment, place: QueuePlace) -> None:
    """Check that the queue accepts jobs, and that the role of runs exists.

    Raises:
        OperationError: if not, or AWS refuses.
    """
    name = environment.names.job_queue(place.queue, place.kind)
    with aws_errors_explained():
        found = account.client("batch").describe_job_queues(jobQueues=[name])["jobQueues"]
    if not found or found[0]["status"] == "DELETING":
        message = f"The queue {name} does not exist in AWS. Apply the training stack: mlinfra apply {environment.name}"
        raise OperationError(message)
    if found[0]["state"] != "ENABLED" or found[0]["status"] == "INVALID":
        reason = found[0].get("statusReason", f"its state is {found[0]['state']}")
        message = f"The queue {name} accepts no jobs: {reason}."
        raise OperationError(message)
    role = environment.names.queue_run_role(place.queue)
    iam = account.client("iam")
    try:
        iam.get_role(RoleName=role)
    except iam.exceptions.NoSuchEntityException:
        message = (
            f"The role {role} of runs in the queue does not exist: the queue was applied by an earlier release. Apply "
            f"the training stack: mlinfra apply {environment.name}"
        )
        raise OperationError(message) from None
    except iam.exceptions.ClientError:
        return  # the submitter may not read it


def submit_job(
    account: AwsAccount, environment: Environment, spec: RunSpecification, place: QueuePlace, *, runner: Code
) -> str:
    """Submit the job of a run whose specification and records are written.

    Args:
        account: the account.
        environment: the environment.
        spec: the run, as `in_queue` returns it.
        place: its place.
        runner: the archive of the runner.

    Returns:
        The id of the job, for `RunAttribute.BATCH_JOB`.

    Raises:
        OperationError: if AWS refuses.
    """
    batch = account.client("batch")
    overrides = {"environment": [{"name": name, "value": value} for name, value in _variables(spec, runner).items()]}
    if len(json.dumps(overrides)) > _OVERRIDES_BYTES:
        message = f"The names of the run's objects are too long: AWS Batch accepts {_OVERRIDES_BYTES} characters."
        raise OperationError(message)
    arguments: dict[str, Any] = {}
    if spec.nodes > 1:
        targets = f"0:{spec.nodes - 1}"
        arguments["nodeOverrides"] = {
            "nodePropertyOverrides": [{"targetNodes": targets, "containerOverrides": overrides}]
        }
    else:
        arguments["containerOverrides"] = overrides
    if spec.array_size:
        arguments["arrayProperties"] = {"size": spec.array_size}
    if place.request.priority is not None:
        arguments["schedulingPriorityOverride"] = place.request.priority
    definition = _definition(account, environment, spec, place)
    with aws_errors_explained():
        answer = batch.submit_job(
            jobName=_job_name(spec),
            jobQueue=environment.names.job_queue(place.queue, place.kind),
            jobDefinition=definition,
            shareIdentifier=place.team,
            propagateTags=True,
            retryStrategy={
                "attempts": spec.retries + 1,
                "evaluateOnExit": retry_conditions([LOST_NODE_STATUS]),
            },
            timeout={"attemptDurationSeconds": place.request.timeout_seconds},
            tags={**_tags(environment, place), "Run": spec.run_id, "Experiment": spec.experiment},
            **arguments,
        )
    return str(answer["jobId"])


def container_properties(environment: Environment, spec: RunSpecification, place: QueuePlace) -> dict[str, Any]:
    """The container of runs with the image and the resources of `spec`, in the form of AWS Batch.

    The limits, devices and shared memory are those of every job of the queue. The command starts the runner.
    """
    names = environment.names
    linux = linux_parameters(place.queue, nodes=spec.nodes, shared_memory_mib=place.resources.shared_memory_mib)
    role = f"arn:aws:iam::{environment.account_id}:role/"
    return {
        "image": spec.image,
        "command": ["python3", "-c", bootstrap_source()],
        "jobRoleArn": f"{role}{names.queue_run_role(place.queue)}",
        "executionRoleArn": f"{role}{names.queue_execution_role(place.queue)}",
        "resourceRequirements": place.resources.requirements,
        **scratch_mount(place.queue, nodes=spec.nodes),
        # A process with id 1 ignores signals that it does not handle.
        "linuxParameters": {**linux, "initProcessEnabled": True},
        "ulimits": list(CONTAINER_LIMITS),
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {
                "awslogs-group": names.queue_log_group(place.queue),
                "awslogs-region": environment.region,
                "awslogs-stream-prefix": "runs",
            },
        },
    }


def bootstrap_source() -> str:
    """The program that starts the runner in a container."""
    return (files("mlinfra.runner") / "bootstrap.py").read_text(encoding="utf-8")


def _definition(account: AwsAccount, environment: Environment, spec: RunSpecification, place: QueuePlace) -> str:
    """The ARN of the job definition for `spec`. It is registered unless there is one with the same content."""
    container = container_properties(environment, spec, place)
    if spec.nodes > 1:
        content: dict[str, Any] = {"type": "multinode", "nodeProperties": node_properties(spec.nodes, container)}
    else:
        content = {"type": "container", "platformCapabilities": ["EC2"], "containerProperties": container}
    content |= {"schedulingPriority": 100, "propagateTags": True}
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    name = f"{environment.names.queue(place.queue)}-runs-{digest[:16]}"
    batch = account.client("batch")
    with aws_errors_explained():
        pages = batch.get_paginator("describe_job_definitions").paginate(jobDefinitionName=name, status="ACTIVE")
        found = [each for page in pages for each in page["jobDefinitions"]]
        if found:
            return str(max(found, key=lambda each: int(each["revision"]))["jobDefinitionArn"])
        tags = _tags(environment, place)
        return str(batch.register_job_definition(jobDefinitionName=name, tags=tags, **content)["jobDefinitionArn"])


def _tags(environment: Environment, place: QueuePlace) -> dict[str, str]:
    """The tags of jobs and their definitions, as of all resources of the queue."""
    return {**environment.tags(auto_stop=False), "Owner": place.queue.owner, "Queue": place.queue.name}


def _variables(spec: RunSpecification, runner: Code) -> Mapping[str, str]:
    return {
        BatchVariable.RUN: spec.run_id,
        BatchVariable.SPECIFICATION: spec.run_object("run.json"),
        BatchVariable.BUCKET: spec.bucket,
        BatchVariable.REGION: spec.region,
        BatchVariable.TABLE: spec.table,
        BatchVariable.PARTITION: spec.partition,
        BatchVariable.RUNNER_KEY: runner.key,
        BatchVariable.RUNNER_SHA256: runner.sha256,
    }


def _job_name(spec: RunSpecification) -> str:
    """Source: Batch API reference, SubmitJob: up to 128 letters, digits, hyphens and underscores, read 2026-11-29."""
    return f"{spec.run_id}-{re.sub(r'[^A-Za-z0-9_-]', '-', spec.name)}"[:128]


def _image_problems(image: str | None) -> list[str]:
    if image is None:
        return ["--image: it is missing. In a queue, each run is a container. Expected: an image with Python 3.9."]
    if not has_one_version(image):
        expected = "a digest, or a tag other than latest"
        return [f"--image: {image!r} has no fixed version, so a retry could run other code. Expected: {expected}."]
    return []


def _size_problems(queue: Queue, request: QueueRequest) -> list[str]:
    problems: list[str] = []
    if not 1 <= request.nodes <= queue.max_nodes:
        problems.append(f"--nodes: {request.nodes} is out of range. Expected: 1 to {queue.max_nodes}.")
    if request.nodes > 1 and request.spot:
        problems.append(
            "--spot: AWS Batch runs jobs of several nodes on demand only. Expected: one node, or no --spot."
        )
    if request.array_size is not None and not 2 <= request.array_size <= _LARGEST_ARRAY:  # noqa: PLR2004
        problems.append(f"--array: {request.array_size} is out of range. Expected: 2 to {_LARGEST_ARRAY}.")
    if request.array_size is not None and request.nodes > 1:
        problems.append("--array: it excludes --nodes, since AWS Batch has no arrays of jobs of several nodes.")
    types = queue.node_types[:1] if request.nodes > 1 else queue.node_types
    most = max(each.accelerator_count for each in types)
    if request.gpus_per_node is not None and not 1 <= request.gpus_per_node <= most:
        problems.append(f"--gpus: {request.gpus_per_node} is out of range. Expected: 1 to {most}.")
    if request.priority is not None and not 1 <= request.priority <= 9999:  # noqa: PLR2004  Batch API reference
        problems.append(f"--priority: {request.priority} is out of range. Expected: 1 to 9999.")
    return problems


def failure_of(error: Exception) -> str:
    """The reason for which AWS Batch refused a job, for the record of the run."""
    return f"AWS Batch refused the job: {error_code(error)}"
