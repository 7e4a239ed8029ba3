"""Replayed jobs: sequences of them, their runs, and their records as `mlinfra.job` writes them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from benchmarks.idle.workload import DAY, Job, Signals
from mlinfra.functions.contract import HEARTBEAT_SECONDS, JobStatus, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.idle.node import Node

HANGING: Final = Signals(gpu=100.0, process=True, works=True)
"""A collective that waits for a lost peer: accelerators and CPUs are busy."""
UNCLEAR_HANGS: Final = 0.1
"""The share of hangs that show some sign of work, such as power or output. An assumption."""
_KEPT_RECORDS: Final = 3 * DAY
"""The time for which records of ended jobs are kept. AWS keeps them for 90 days, which no handler needs."""


@dataclass(eq=False)
class Lane:
    """A sequence of jobs."""

    jobs: tuple[Job, ...]
    number: int
    index: int = 0
    nodes: list[Node] = field(default_factory=list)
    """The nodes of its last job."""
    run: Run | None = None
    waiting: bool = False
    """True if its next job waits for nodes."""
    phase_left: tuple[int, float] | None = None
    """Of a stopped job: the phase in which it resumes, and the seconds left of it."""

    @property
    def job(self) -> Job:
        """Its present or next job."""
        return self.jobs[self.index]

    @property
    def is_done(self) -> bool:
        """True after its last job."""
        return self.index >= len(self.jobs)


@dataclass(eq=False)
class Run:
    """A run of a job, up to its end or its stop."""

    job: Job
    lane: Lane
    nodes: list[Node]
    started: float
    phase: int = 0
    phase_ends: float = 0.0
    progress_at: float | None = None
    """The last reported progress, up to the begin of the present phase."""
    counts_as_hung: bool = False
    """True if it has reported no progress for too long."""
    hangs: bool = False
    """True once it hangs."""
    hangs_unclearly: bool = False
    """True if its hang shows some sign of work."""
    over: bool = False

    @property
    def is_reported(self) -> bool:
        """True if it reports through `mlinfra.job`."""
        return self.job.kind == "reported"

    @property
    def crashes(self) -> bool:
        """True if it is reported, but its end is not."""
        return self.is_reported and self.job.crashes

    @property
    def phase_signals(self) -> Signals:
        """The signals of the present phase."""
        if self.phase < len(self.job.phases):
            return self.job.phases[self.phase].signals
        # Of a job that reports progress, progress alone decides.
        return replace(HANGING, waits=not (self.hangs_unclearly or self.progress_at is not None))

    @property
    def signals(self) -> Signals:
        """Its present signals on each node."""
        if not self.is_reported:
            return self.phase_signals
        return self.phase_signals | (Signals(stuck=True) if self.counts_as_hung else Signals(heartbeat=True))

    def records(self, status: str, now: float) -> Iterator[tuple[str, dict[str, Any]]]:
        """The record of each of its nodes, without its key, as last written before `now`."""
        beat = self.started + (now - self.started) // HEARTBEAT_SECONDS * HEARTBEAT_SECONDS
        item: dict[str, Any] = {
            Table.JOB_NAME: self.job.job_id,
            Table.JOB_STATUS: status,
            Table.HEARTBEAT_AT: Decimal(int(beat if status == JobStatus.RUNNING else now)),
            Table.STARTED_AT: Decimal(int(self.started)),
            Table.EXPIRE_AT: Decimal(int(now + _KEPT_RECORDS)),
        }
        if status != JobStatus.RUNNING:
            item[Table.ENDED_AT] = Decimal(int(now))
        if self.progress_at is not None:
            goes_on = not self.over and self.phase_signals.progress
            item[Table.PROGRESS_AT] = Decimal(int(now if goes_on else self.progress_at))
        for rank, node in enumerate(self.nodes):
            record = f"{Table.JOB_PREFIX}{self.job.job_id}" + (f"#{rank}" if rank else "")
            yield record, item | {Table.INSTANCE: node.name}
