"""Generated workloads: experiments, their jobs, and the signals of each job by phase.

Shaped after published facts about GPU clusters: Jeon et al., "Analysis of Large-Scale Multi-Tenant GPU Clusters for DNN
Training Workloads" (USENIX ATC 2019), about Microsoft's Philly cluster, whose trace has 117,325 jobs:

- 69 % of jobs pass, 14 % are killed by their user, 17 % fail, most of these within minutes;
- durations spread over five orders of magnitude, from seconds to weeks;
- the mean utilization of GPUs in use is about 52 %, and it is 0 in many minutes of a running job;
- a failed job is often submitted again within minutes.

All times are in seconds. One seed always generates the same workload, experiment by experiment.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from typing import Final, Literal

MINUTE: Final = 60
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

BEGIN: Final = 1_772_409_600
"""The begin of every trace: Monday, 2026-03-02, 00:00 UTC."""
LAST_BEGIN: Final = 30 * DAY
"""The time from `BEGIN` within which all experiments begin."""
HORIZON: Final = BEGIN + 100 * DAY
"""The end of every trace. A cluster that still runs is counted until here."""

UNREPORTED_SHARE: Final = 0.23
"""The share of jobs that do not report through `mlinfra.job`."""

_LITTLE_POWER: Final = 0.03
"""The share of jobs whose GPUs draw little power at full utilization. An assumption, like the next."""
_SILENT: Final = 0.03
"""The share of these that do not report and write nothing while they train."""
_IN_USE: Final = 5

Kind = Literal["reported", "unreported", "session"]

_SHAPES: Final = (
    # share, instance type, nodes
    (0.16, "g4dn.xlarge", 1),
    (0.22, "g5.xlarge", 1),
    (0.18, "g5.12xlarge", 1),
    (0.12, "g5.48xlarge", 1),
    (0.08, "p4d.24xlarge", 1),
    (0.06, "g5.12xlarge", 2),
    (0.07, "p4d.24xlarge", 2),
    (0.06, "p4d.24xlarge", 4),
    (0.03, "p5.48xlarge", 2),
    (0.02, "p4d.24xlarge", 8),
)


@dataclass(frozen=True)
class Signals:
    """The observable activity of one job, or of what it left behind, on each of its nodes."""

    gpu: float = 0.0
    """The utilization of the busiest accelerator, in percent."""
    process: bool = False
    """True if a compute process has an accelerator open, other than an idle notebook kernel."""
    works: bool = False
    """True if that process uses its CPUs, or reads or writes."""
    kernel: bool = False
    """True if a notebook kernel executes a cell."""
    transfer: bool = False
    """True if the node moves at least 60 MB a minute for something else, such as a download before a job."""
    cpu: bool = False
    """True if processes without an accelerator use a core or more, such as tokenization before a job."""
    progress: bool = False
    """True if the job reports progress (`job.progress`)."""
    heartbeat: bool = False
    """True if a job is recorded as running with a fresh heartbeat, and does not count as hung."""
    left_by_job: bool = False
    """True if that process was left by a reported job that has ended."""
    stuck: bool = False
    """True if a job counts as hung, whatever its accelerators do."""
    waits: bool = False
    """True if the compute process shows all signs of one that waits for a lost process: full utilization with little
    power, nothing written, and no response of its main thread."""
    logged_in: bool = False
    """True if a session is logged in. Not activity, except for a baseline; but its node is not vacant."""
    script: bool = False
    """True if a script waits to submit the next job."""

    @property
    def is_hung(self) -> bool:
        """True if only jobs that count as hung run on the node."""
        return self.stuck and not self.heartbeat

    @property
    def shows_work(self) -> bool:
        """True if processes of it do not wait."""
        return (self.process and not self.waits) or self.prepares or self.kernel

    @property
    def prepares(self) -> bool:
        """True if the node shows the traffic or the CPU use of a preparation."""
        return self.transfer or self.cpu

    def __or__(self, other: Signals) -> Signals:
        """The signals of both on one node."""
        both = (self, other)
        return Signals(
            gpu=max(self.gpu, other.gpu),
            process=self.process or other.process,
            works=self.works or other.works,
            kernel=self.kernel or other.kernel,
            transfer=self.transfer or other.transfer,
            cpu=self.cpu or other.cpu,
            progress=self.progress or other.progress,
            heartbeat=self.heartbeat or other.heartbeat,
            left_by_job=any(each.left_by_job for each in both)
            and not any(each.process and not each.left_by_job for each in both),
            stuck=self.stuck or other.stuck,
            waits=any(each.waits for each in both) and not any(each.shows_work for each in both),
            logged_in=self.logged_in or other.logged_in,
            script=self.script or other.script,
        )


NOTHING: Final = Signals()


@dataclass(frozen=True)
class Phase:
    """A time with constant signals."""

    seconds: float
    signals: Signals


@dataclass(frozen=True)
class Job:
    """A job, or an interactive session in a notebook."""

    job_id: str
    kind: Kind
    phases: tuple[Phase, ...]
    gap: float
    """The time from the end of the job before it, or from the begin of the experiment, until it is submitted."""
    chained: bool
    """True if a script on the node submits it after the job before it. Otherwise its owner does."""
    passes: bool
    crashes: bool = False
    """True if it ends without reporting its end."""
    residue: Signals = NOTHING
    """The signals of what it leaves on its nodes until the next job begins."""
    residue_seconds: float = math.inf
    """The time after which a session that it leaves is closed."""

    @property
    def seconds(self) -> float:
        """Its duration, without the time for which it hangs."""
        return sum(phase.seconds for phase in self.phases)

    @property
    def reports_progress(self) -> bool:
        """True if it calls `job.progress`."""
        return any(phase.signals.progress for phase in self.phases)


@dataclass(frozen=True)
class Experiment:
    """An experiment: a cluster and the jobs on it."""

    name: str
    instance_type: str
    nodes: int
    gang: bool
    """False: its jobs need one node each, and idle nodes may leave one by one."""
    lanes: tuple[tuple[Job, ...], ...]
    """Sequences of jobs. One lane: each job uses all nodes. Several: each job uses one node."""
    begins: float
    abandoned: bool
    """True if its owner does not stop the cluster after the last job."""
    margin_days: int
    """The days from the planned end until the experiment expires."""
    opts_in: bool
    """True if its owner opts in to automatic shutdown, where a baseline leaves the choice."""

    @property
    def jobs(self) -> list[Job]:
        """The jobs of all lanes."""
        return [job for lane in self.lanes for job in lane]

    @property
    def planned_end(self) -> float:
        """The end of its last job if nothing delays it."""
        return self.begins + max(sum(job.gap + job.seconds for job in lane) for lane in self.lanes)


def generate(count: int, seed: int) -> list[Experiment]:
    """`count` experiments.

    Args:
        count: the number of experiments.
        seed: the seed. The first experiments of a longer workload are those of a shorter one.
    """
    return [_experiment(index, random.Random(f"{seed}/{index}")) for index in range(count)]  # noqa: S311


def _experiment(index: int, rng: random.Random) -> Experiment:
    shape = rng.choices(_SHAPES, weights=[share for share, *_ in _SHAPES])[0]
    instance_type, nodes = shape[1], shape[2]
    parallel = _chance(rng, 0.4 if nodes > 1 else 0.0)
    lanes = nodes if parallel else 1
    count = max(4, round(_lognormal(rng, 42, 0.8, most=250)))
    begins = BEGIN + rng.uniform(0, LAST_BEGIN)
    # A team reports its jobs or does not; few experiments mix them.
    reporting = rng.choices((0.0, 0.5, 1.0), weights=(0.19, 0.14, 0.67))[0]
    progressing = _chance(rng, 0.6)
    made = tuple(
        _lane(rng, f"{index}-{lane}", max(2, count // lanes), reporting=reporting, progressing=progressing)
        for lane in range(lanes)
    )
    return Experiment(
        name=f"exp-{index:03d}",
        instance_type=instance_type,
        nodes=nodes,
        gang=not parallel or _chance(rng, 0.3),
        lanes=made,
        begins=begins,
        abandoned=_chance(rng, 0.75),
        margin_days=rng.choice((3, 5, 7, 10, 14, 21)),
        opts_in=_chance(rng, 0.6),
    )


def _lane(rng: random.Random, name: str, count: int, *, reporting: float, progressing: bool) -> tuple[Job, ...]:
    jobs: list[Job] = []
    total, longest = 0.0, 45 * DAY
    for number in range(count):
        reported = _chance(rng, reporting)
        session = not reported and _chance(rng, 0.25)
        chained = bool(jobs) and not session and jobs[-1].kind != "session" and _chance(rng, 0.6)
        kind: Kind = "session" if session else "reported" if reported else "unreported"
        job = _job(rng, f"{name}-{number}", kind, chained=chained, progressing=progressing and reported)
        total += job.gap + job.seconds
        if total > longest:
            break
        jobs.append(job)
    jobs[0] = replace(jobs[0], gap=0.0)
    return tuple(jobs)


def _job(rng: random.Random, job_id: str, kind: Kind, *, chained: bool, progressing: bool) -> Job:
    outcome = rng.choices(("passes", "killed", "fails"), weights=(69.3, 13.5, 17.2))[0]
    median = {"passes": 75 * MINUTE, "killed": 90 * MINUTE, "fails": 9 * MINUTE}[outcome]
    seconds = _lognormal(rng, median, 1.9, least=30, most=7 * DAY)
    if kind == "session":
        phases = _session(rng, _lognormal(rng, 80 * MINUTE, 0.8, least=5 * MINUTE, most=9 * HOUR))
    else:
        phases = _batch(rng, seconds, progressing=progressing)
        # Numbers of their own, so that they change no other part of the workload.
        phases = _with_little_power(random.Random(f"{job_id}/power"), phases, kind)  # noqa: S311
    residue, residue_seconds = _residue(rng, kind, passes=outcome == "passes")
    return Job(
        job_id=job_id,
        kind=kind,
        phases=tuple(phases),
        gap=_gap(rng, chained=chained, passes=outcome == "passes"),
        chained=chained,
        passes=outcome == "passes",
        crashes=outcome == "fails" and _chance(rng, 0.15),
        residue=residue,
        residue_seconds=residue_seconds,
    )


def _gap(rng: random.Random, *, chained: bool, passes: bool) -> float:
    """The time between two jobs: of a script, of an owner at the keyboard, or of one who returns later."""
    if chained:
        return _lognormal(rng, 20, 1.5, least=1, most=15 * MINUTE)
    if _chance(rng, 0.85 if passes else 0.9):
        return _lognormal(rng, 3 * MINUTE, 0.9, least=20, most=2 * HOUR)
    return _lognormal(rng, 6 * HOUR, 1.2, least=10 * MINUTE, most=10 * DAY)


def _batch(rng: random.Random, seconds: float, *, progressing: bool) -> list[Phase]:
    """The phases of a job: preparation, training with pauses, writing of results."""
    computing = Signals(process=True, works=True)
    phases = [_preparation(rng, seconds)]
    if _chance(rng, 0.02):  # limited by its CPUs
        training = replace(computing, gpu=rng.uniform(1, 4), progress=progressing)
    else:
        training = replace(computing, gpu=min(100.0, max(8.0, rng.gauss(62, 24))), progress=progressing)
    left = seconds - phases[0].seconds
    while left > 0:
        block = min(left, rng.expovariate(1 / (2.5 * HOUR)) + MINUTE)
        phases.append(Phase(block, training))
        left -= block
        if left > 0:
            pause = min(left, _lognormal(rng, 2 * MINUTE, 0.85))
            waits = _chance(rng, 0.02)  # for a lock or another service: no CPU, no input or output
            phases.append(Phase(pause, replace(computing, works=not waits, progress=progressing and not waits)))
            left -= pause
    if _chance(rng, 0.3):
        phases.append(Phase(_lognormal(rng, MINUTE, 1.2, most=2 * HOUR), Signals(transfer=_chance(rng, 0.7))))
    return phases


def _with_little_power(rng: random.Random, phases: list[Phase], kind: Kind) -> list[Phase]:
    """The phases, for some jobs as those of many small kernels: full utilization with little power.

    Nearly all of them write something at least every hour, or report and have a main thread that responds.
    """
    if not _chance(rng, _LITTLE_POWER):
        return phases
    is_silent = kind == "unreported" and _chance(rng, _SILENT)
    return [
        replace(phase, signals=replace(phase.signals, gpu=100.0, waits=is_silent))
        if phase.signals.gpu >= _IN_USE
        else phase
        for phase in phases
    ]


def _preparation(rng: random.Random, seconds: float) -> Phase:
    if _chance(rng, 0.97) or seconds < HOUR:
        return Phase(
            min(seconds / 2, _lognormal(rng, MINUTE, 1.0, most=15 * MINUTE)), Signals(transfer=_chance(rng, 0.5))
        )
    # Long: a download, a preparation by a process that has opened the accelerators, or one by CPUs alone.
    signals = rng.choices(
        (Signals(transfer=True), Signals(process=True, works=True), Signals(cpu=True)), weights=(0.55, 0.40, 0.05)
    )[0]
    return Phase(min(seconds / 2, _lognormal(rng, 30 * MINUTE, 0.6)), signals)


def _session(rng: random.Random, seconds: float) -> list[Phase]:
    """A notebook: cells that execute, and pauses of up to 15 minutes between them."""
    phases: list[Phase] = []
    left = seconds
    while left > 0:
        cell = min(left, _lognormal(rng, 2 * MINUTE, 1.3, least=1, most=2 * HOUR))
        # The kernel's process holds the accelerator; reports do not count it while it is idle.
        gpu = rng.uniform(10, 90) if _chance(rng, 0.6) else 0.0
        phases.append(Phase(cell, Signals(gpu=gpu, kernel=True, logged_in=True)))
        pause = min(max(left - cell, 0), _lognormal(rng, 3 * MINUTE, 0.8, most=15 * MINUTE))
        phases.append(Phase(pause, Signals(logged_in=True)))
        left -= cell + pause
    return [phase for phase in phases if phase.seconds > 0]


def _residue(rng: random.Random, kind: Kind, *, passes: bool) -> tuple[Signals, float]:
    """A process without progress that keeps the accelerator open, or a session that stays logged in."""
    if kind != "session" and _chance(rng, 0.02 if passes else 0.12):
        return Signals(process=True), math.inf
    if kind == "session" or _chance(rng, 0.15):
        return Signals(logged_in=True), _lognormal(rng, 2 * HOUR, 1.2, most=3 * DAY)
    return NOTHING, math.inf


def _chance(rng: random.Random, share: float) -> bool:
    return rng.random() < share


def _lognormal(rng: random.Random, median: float, sigma: float, *, least: float = 1, most: float = math.inf) -> float:
    return min(most, max(least, median * math.exp(rng.gauss(0, sigma))))
