"""Queues and endpoints of an environment as they are now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mlinfra.operations.aws import aws_errors_explained

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mlinfra.declarations import Endpoint, Environment, Queue
    from mlinfra.operations.aws import AwsAccount

MOST_JOBS: Final = 500
"""The number of jobs of a queue and state that are counted."""
QUEUE_KINDS: Final = ("spot", "on-demand", "multi-node")
_WAITING: Final = ("SUBMITTED", "PENDING", "RUNNABLE")
_RUNNING: Final = ("STARTING", "RUNNING")


@dataclass(frozen=True)
class QueueStatus:
    """A declared queue."""

    name: str
    owner: str
    waiting: int
    """Its waiting jobs, up to 500 of a state and job queue."""
    running: int
    state: str
    """`enabled`, `disabled` or `not deployed`."""


@dataclass(frozen=True)
class EndpointStatus:
    """A declared endpoint."""

    name: str
    owner: str
    status: str
    """SageMaker's status, such as `InService`; `not deployed`: it does not exist."""


def queue_statuses(account: AwsAccount, environment: Environment, queues: Iterable[Queue]) -> list[QueueStatus]:
    """The jobs of declared queues, in all of their job queues.

    Raises:
        OperationError: if AWS denies a request.
    """
    client = account.client("batch")
    with aws_errors_explained():
        return [_queue(client, environment, each) for each in queues]


def endpoint_statuses(
    account: AwsAccount, environment: Environment, endpoints: Iterable[Endpoint]
) -> list[EndpointStatus]:
    """The statuses of declared endpoints.

    Raises:
        OperationError: if AWS denies a request.
    """
    declared = list(endpoints)
    if not declared:
        return []
    with aws_errors_explained():
        pages = account.client("sagemaker").get_paginator("list_endpoints")
        found = {
            each["EndpointName"]: str(each["EndpointStatus"])
            for page in pages.paginate(NameContains=f"{environment.names.prefix}-")
            for each in page["Endpoints"]
        }
    return [
        EndpointStatus(each.name, str(each.owner), found.get(environment.names.endpoint(each), "not deployed"))
        for each in declared
    ]


def _queue(client: Any, environment: Environment, queue: Queue) -> QueueStatus:  # noqa: ANN401  boto3 is untyped
    names = [f"{environment.names.queue(queue)}-{kind}" for kind in QUEUE_KINDS]
    found: Mapping[str, str] = {
        each["jobQueueName"]: str(each["state"])
        for each in client.describe_job_queues(jobQueues=names)["jobQueues"]
        if each["jobQueueName"] in names
    }
    states = set(found.values())
    return QueueStatus(
        queue.name,
        str(queue.owner),
        waiting=sum(_count(client, name, state) for name in found for state in _WAITING),
        running=sum(_count(client, name, state) for name in found for state in _RUNNING),
        state="not deployed" if not found else "enabled" if states == {"ENABLED"} else "disabled",
    )


def _count(client: Any, queue: str, state: str) -> int:  # noqa: ANN401  boto3 is untyped
    pages = client.get_paginator("list_jobs").paginate(
        jobQueue=queue, jobStatus=state, PaginationConfig={"MaxItems": MOST_JOBS}
    )
    return sum(len(page["jobSummaryList"]) for page in pages)
