"""Reports of a job to AWS: its start, its heartbeats, its outcome."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from mlinfra.functions.contract import Event, JobKey, JobStatus
from mlinfra.job.job_events import put_job_event
from mlinfra.job.other_processes import other_compute_processes
from mlinfra.job.record import JobRecord

if TYPE_CHECKING:
    from mlinfra.job.aws import Aws
    from mlinfra.job.error_log import ErrorLog
    from mlinfra.job.main_thread import MainThread
    from mlinfra.job.node import Node
    from mlinfra.job.outcome import Outcome
    from mlinfra.job.progress import Progress
    from mlinfra.job.ranks import Rank
    from mlinfra.job.record import RunningJob

log = logging.getLogger("mlinfra.job")

_END_TRIES = 2
"""A lost heartbeat is followed by another one, a lost end is not. boto3 tries each of these twice."""


class Reporter:
    """Reports one node's part of a job to AWS. Waits for the responses; raises nothing."""

    def __init__(
        self,
        aws: Aws,
        errors: ErrorLog,
        *,
        name: str,
        job_id: str,
        rank: Rank,
        cluster: str,
        node: Node,
        progress: Progress | None = None,
        main_thread: MainThread | None = None,
        pauses: bool = False,
        keep_minutes: int | None = None,
    ) -> None:
        """Report a job.

        Args:
            aws: the AWS clients of the job.
            errors: logs the errors.
            name: the job's name.
            job_id: the job's id, the same on all its nodes.
            rank: the position of this process in the job.
            cluster: the name of the cluster, which is the key of its records.
            node: the node of this process.
            progress: the last progress that training code reported. Default: it reports none.
            main_thread: the thread that runs the training code. Default: unknown, as for a wrapped command.
            pauses: True if the node stays protected from scale-in for a pause after the job, so that quiet hours do not
                cut a queue of jobs. The node guard then removes the protection. Default: False.
            keep_minutes: the time after the job for which its cluster is kept, in minutes. Default: that of the
                environment.
        """
        self._aws = aws
        self._errors = errors
        self._name = name
        self._job_id = job_id
        self._rank = rank
        self._cluster = cluster
        self._node = node
        key = JobKey(cluster, rank.record_of(job_id))
        self._progress = progress
        self._record = JobRecord(
            aws.table,
            aws.clock,
            key,
            name=name,
            instance_id=node.instance_id,
            progress=progress,
            main_thread=main_thread,
            keep_minutes=keep_minutes,
        )
        self._pauses = pauses
        self._protected = False

    def begin(self) -> None:
        """Report the first heartbeat and the start event."""
        self.beat()
        if self._rank.leads:
            self._announce(Event.JOB_STARTED, JobStatus.RUNNING)

    def beat(self) -> None:
        """Report a heartbeat, and protect the node until that has succeeded once. Write the stacks of a hung job."""
        with self._errors.logged("the heartbeat"):
            self._record.beat()
        # After the record: a job that ends now and finds no other job would remove the protection.
        # Repeated: an instance can be protected only once it is InService.
        if not self._protected:
            with self._errors.logged("the protection from scale-in"):
                self._node.protect_from_scale_in(self._aws.autoscaling, on=True)
                self._protected = True
        if self._progress:
            with self._errors.logged("the dump of the stacks"):
                self._progress.dump_hang()

    def finish(self, outcome: Outcome) -> None:
        """Report the end: in the record, then remove the node's protection unless it pauses, then as an event."""
        others: list[RunningJob] | None = None
        for _ in range(_END_TRIES):
            with self._errors.logged("the record of the end"):
                self._record.end(outcome)
                others = self._record.others()
                break
        if others is not None and not self._pauses:
            with self._errors.logged("the end of the protection from scale-in"):
                self._end_protection(others)
        # A job has ended when its first node reports it. If another node ends last, it reports the end of its own
        # record: only then can the cluster be stopped.
        if self._rank.leads or not any(other.is_part_of(self._job_id) for other in others or ()):
            self._announce(Event.JOB_ENDED, outcome.status, outcome.reason)

    def _end_protection(self, others: list[RunningJob]) -> None:
        if self._shares_node_with(others) or self._computes_beside():
            return
        self._node.protect_from_scale_in(self._aws.autoscaling, on=False)
        needed = True
        try:
            # A job that started in between had protected the node before the protection was removed.
            needed = self._shares_node_with(self._record.others())
        finally:
            if needed:
                self._node.protect_from_scale_in(self._aws.autoscaling, on=True)

    def _shares_node_with(self, others: list[RunningJob]) -> bool:
        return any(other.may_be_on(self._node.instance_id) for other in others)

    def _computes_beside(self) -> bool:
        """True if compute processes of others run on the node, which may be jobs that do not report."""
        if not (self._node.group and self._node.instance_id):
            return False
        found: list[int] = []
        with self._errors.logged("the look-up of other compute processes"):
            found = other_compute_processes(has_launcher=self._rank.has_launcher)
        if found:
            log.info(
                "Job %s: the node stays protected from scale-in: compute processes %s run on it",
                self._job_id,
                ", ".join(map(str, found)),
            )
        return bool(found)

    def _announce(self, kind: str, status: str, reason: str = "") -> None:
        with self._errors.logged(f"the event {kind!r}"):
            put_job_event(
                self._aws.events,
                kind,
                cluster=self._cluster,
                job_id=self._rank.record_of(self._job_id),
                name=self._name,
                status=status,
                reason=reason,
            )
