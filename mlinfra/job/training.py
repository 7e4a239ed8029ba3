"""Block that runs training code."""

from __future__ import annotations

import logging
import os
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlinfra.functions.contract import HEARTBEAT_SECONDS, Variable
from mlinfra.job.aws import connect
from mlinfra.job.error_log import ErrorLog
from mlinfra.job.heartbeats import Heartbeats
from mlinfra.job.node import Node, own_instance_id
from mlinfra.job.outcome import COMPLETED, Outcome
from mlinfra.job.ranks import Rank
from mlinfra.job.reporter import Reporter
from mlinfra.job.termination import reporting_termination

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.job.aws import Aws

log = logging.getLogger("mlinfra.job")


@dataclass(frozen=True)
class TrainingJob:
    """The job of a block."""

    name: str
    job_id: str


@contextmanager
def training_job(
    name: str, *, job_id: str | None = None, heartbeat_seconds: float = HEARTBEAT_SECONDS
) -> Iterator[TrainingJob]:
    """Report the block, or the function that this decorates, as a training job of the cluster it runs on.

    Training is never disturbed: what goes wrong with AWS is logged as a warning, once for each kind, and
    exceptions of the block are re-raised unchanged. The end of the block waits for AWS, at most 8 seconds.
    Outside a cluster (`MLINFRA_TABLE` is not set) the only effect is one log line.

    Args:
        name: what people call the job, such as the name of its experiment.
        job_id: what tells its runs apart; all nodes of a job give the same. Default: the name with
            torchrun's run id, or with random digits where torchrun has none.
        heartbeat_seconds: how often the job says that it runs, in seconds. Default: 60. A job that is
            silent for 15 minutes no longer keeps its cluster.

    Yields:
        The job's name and id.
    """
    rank = Rank.of(os.environ)
    job = TrainingJob(name, job_id or f"{name}-{rank.run_id or uuid.uuid4().hex[:12]}")
    heartbeats = _heartbeats(job, rank, heartbeat_seconds)
    if heartbeats is None:
        yield job
        return
    with reporting_termination(heartbeats):
        try:
            yield job
        except BaseException as error:
            heartbeats.end(Outcome.of(error))
            raise
        heartbeats.end(COMPLETED)


def _heartbeats(job: TrainingJob, rank: Rank, seconds: float) -> Heartbeats | None:
    """The heartbeats of the job. None: another process reports the job, or it cannot be reported."""
    table = os.environ.get(Variable.TABLE)
    if not table:
        log.info("Job %s is not reported: %s is not set, so this is not a node of a cluster", job.name, Variable.TABLE)
        return None
    if not rank.reports:
        log.info("Job %s is reported by local rank 0 of this node", job.name)
        return None
    errors = ErrorLog(job.job_id)
    with errors.logged("the connection to AWS"):
        aws = connect(table)
        return Heartbeats(
            lambda: _reporter(job, rank, aws, errors), seconds=seconds, restartable=rank.restarts_left > 0
        )
    return None


def _reporter(job: TrainingJob, rank: Rank, aws: Aws, errors: ErrorLog) -> Reporter | None:
    """The reporter of the job on this node. None: the node is unknown."""
    instance_id: str | None = None
    with errors.logged("the look-up of the instance's id"):
        instance_id = own_instance_id()
    node = Node(os.environ.get(Variable.CLUSTER) or None, instance_id)
    if node.cluster is None:
        log.warning("Job %s is not reported: neither %s nor the instance is known", job.name, Variable.CLUSTER)
        return None
    return Reporter(aws, errors, name=job.name, job_id=job.job_id, rank=rank, cluster=node.cluster, node=node)
