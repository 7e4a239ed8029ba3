"""Block that runs training code."""

from __future__ import annotations

import logging
import math
import os
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mlinfra.functions.contract import HEARTBEAT_SECONDS, PROGRESS_TIMEOUT_SECONDS, Variable
from mlinfra.job.aws import connect
from mlinfra.job.error_log import ErrorLog
from mlinfra.job.heartbeats import Heartbeats
from mlinfra.job.hooks import lightning_callback, transformers_callback
from mlinfra.job.main_thread import MainThread
from mlinfra.job.node import Node, own_instance_id
from mlinfra.job.outcome import COMPLETED, JobContinues, Outcome
from mlinfra.job.progress import Progress, Tracked
from mlinfra.job.ranks import Rank
from mlinfra.job.reporter import Reporter
from mlinfra.job.termination import reporting_termination

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mlinfra.job.aws import Aws
    from mlinfra.job.progress import Item

log = logging.getLogger("mlinfra.job")


@dataclass(frozen=True)
class TrainingJob:
    """The job of a block."""

    name: str
    job_id: str
    _progress: Progress = field(default_factory=lambda: Progress(PROGRESS_TIMEOUT_SECONDS), repr=False, compare=False)

    def progress(self, step: object = None) -> None:
        """Report that training makes progress. Costs an assignment: the next heartbeat writes it to AWS.

        A job that has reported progress once and then none for its `progress_minutes` is hung: its owner is notified,
        the stacks of its threads are written to standard error, and it no longer keeps its cluster. Report progress in
        long evaluations too. Under a launcher, every process may call it; local rank 0 reports for its node.

        Args:
            step: the step of training, such as a number. Default: unknown.
        """
        self._progress.report(step)

    def track(self, items: Iterable[Item], *, step: int = 0) -> Tracked[Item]:
        """Iterate over `items`, and report progress after each: `for batch in job.track(loader)`.

        Args:
            items: such as a data loader.
            step: the number of steps before the first item. Default: 0.

        Returns:
            The same items, with the length of `items`.
        """
        return Tracked(self._progress, items, step)

    def lightning_callback(self) -> Any:  # noqa: ANN401  a class of another package
        """A callback for `Trainer(callbacks=[job.lightning_callback()])` of PyTorch Lightning.

        Raises:
            ImportError: PyTorch Lightning is not installed.
        """
        return lightning_callback(self._progress)

    def transformers_callback(self) -> Any:  # noqa: ANN401  a class of another package
        """A callback for `Trainer(callbacks=[job.transformers_callback()])` of Hugging Face Transformers.

        Raises:
            ImportError: Transformers is not installed.
        """
        return transformers_callback(self._progress)


@contextmanager
def training_job(
    name: str,
    *,
    job_id: str | None = None,
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
    progress_minutes: float | None = None,
) -> Iterator[TrainingJob]:
    """Report the block, or the function that this decorates, as a training job of the cluster it runs on.

    Errors of AWS calls do not affect training: each kind is logged once, as a warning. Exceptions of the block are
    re-raised unchanged. The end of the block waits for AWS for at most 8 seconds.
    Outside a cluster (`MLINFRA_TABLE` is not set) the only effect is one log line.

    Args:
        name: the name of the job in notifications, such as the name of its experiment.
        job_id: the id of this run of the job, the same on all its nodes. Default: the name with torchrun's run id, or
            with random digits if torchrun has none.
        heartbeat_seconds: the time between heartbeats, in seconds. Default: 60. A job without a heartbeat for 15
            minutes no longer keeps its cluster.
        progress_minutes: the time without progress after which the job is hung, in minutes, once it has reported
            progress. Default: the environment's `stalled_minutes`, on nodes of a cluster; elsewhere 60.

    Yields:
        The job, to report its progress.

    Raises:
        ValueError: if `progress_minutes` is not a number above 0.
    """
    with reported_job(
        name, job_id, MainThread(), heartbeat_seconds=heartbeat_seconds, progress_minutes=progress_minutes
    ) as job:
        yield job


@contextmanager
def reported_job(
    name: str,
    job_id: str | None,
    main_thread: MainThread | None,
    *,
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
    progress_minutes: float | None = None,
    keep_minutes: int | None = None,
) -> Iterator[TrainingJob]:
    """Report the block like `training_job`. `JobContinues` leaves it without an end.

    Args:
        name: as of `training_job`.
        job_id: as of `training_job`.
        main_thread: the thread that runs the training code. None: another process runs it.
        heartbeat_seconds: as of `training_job`.
        progress_minutes: as of `training_job`.
        keep_minutes: the time after the job for which its cluster is kept, in minutes, at most until its expiry or
            limits stop it. Default: the environment's `pause_minutes` and `idle_minutes`.
    """
    if progress_minutes is None:
        progress_minutes = _default_progress_minutes(os.environ)
    if not 0 < progress_minutes < math.inf:
        message = (
            f"progress_minutes={progress_minutes!r} is invalid. Expected: a number of minutes above 0, such as 60."
        )
        raise ValueError(message)
    rank = Rank.of(os.environ)
    progress = Progress(60 * progress_minutes)
    job = TrainingJob(name, job_id or f"{name}-{rank.run_id or uuid.uuid4().hex[:12]}", progress)
    heartbeats = _heartbeats(job, progress, rank, heartbeat_seconds, main_thread, keep_minutes)
    if heartbeats is None:
        yield job
        return
    with reporting_termination(heartbeats):
        try:
            yield job
        except JobContinues:
            heartbeats.leave()
            raise
        except BaseException as error:
            heartbeats.end(Outcome.of(error))
            raise
        heartbeats.end(COMPLETED)


def _default_progress_minutes(environ: Mapping[str, str]) -> float:
    """The time without progress after which jobs of the node are hung."""
    value = environ.get(Variable.STALLED_MINUTES, "")
    return float(value) if value.isdecimal() and int(value) else PROGRESS_TIMEOUT_SECONDS / 60


def _has_pause(environ: Mapping[str, str]) -> bool:
    """True if nodes keep running for a pause after a job."""
    value = environ.get(Variable.PAUSE_MINUTES, "")
    return value.isdecimal() and int(value) > 0


def _heartbeats(  # noqa: PLR0917  what a reporter needs
    job: TrainingJob,
    progress: Progress,
    rank: Rank,
    seconds: float,
    main_thread: MainThread | None,
    keep_minutes: int | None,
) -> Heartbeats | None:
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
            lambda: _reporter(job, progress, rank, aws, errors, main_thread=main_thread, keep_minutes=keep_minutes),
            seconds=seconds,
            restartable=rank.restarts_left > 0,
        )
    return None


def _reporter(
    job: TrainingJob,
    progress: Progress,
    rank: Rank,
    aws: Aws,
    errors: ErrorLog,
    *,
    main_thread: MainThread | None,
    keep_minutes: int | None,
) -> Reporter | None:
    """The reporter of the job on this node. None: the node is unknown."""
    instance_id: str | None = None
    with errors.logged("the look-up of the instance's id"):
        instance_id = own_instance_id()
    node = Node(os.environ.get(Variable.CLUSTER) or None, instance_id)
    if node.cluster is None:
        log.warning("Job %s is not reported: neither %s nor the instance is known", job.name, Variable.CLUSTER)
        return None
    return Reporter(
        aws,
        errors,
        name=job.name,
        job_id=job.job_id,
        rank=rank,
        cluster=node.cluster,
        node=node,
        progress=progress,
        main_thread=main_thread,
        pauses=_has_pause(os.environ) if keep_minutes is None else keep_minutes > 0,
        keep_minutes=keep_minutes,
    )
