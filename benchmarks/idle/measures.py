"""Runs of a whole workload, and their measures."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from benchmarks.idle.faults import FAULTS
from benchmarks.idle.replay import Policy, Replay
from benchmarks.idle.workload import HOUR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.idle.environments import Setting
    from benchmarks.idle.outcome import Outcome, Stop
    from benchmarks.idle.workload import Experiment

MOST_ABOVE_ORACLE: Final = {"none": 0.5, "all": 3.0}
"""The targets for idle cost above the oracle, in percent of its bill, by faults. Each other fault: 1."""
MOST_UNREPORTED_STOPPED: Final = 5 / 1733
LONGEST_OFF_HOURS: Final = 2.0
"""The time in which 99 of 100 abandoned clusters are off."""


@dataclass(frozen=True)
class Run:
    """A policy in an environment under faults."""

    setting: Setting
    policy: Policy
    faults: str
    opt_in: bool = False
    """True if only owners that opt in use the policy."""

    @property
    def label(self) -> str:
        """Its name in the report."""
        if self.policy == "mlinfra":
            return self.setting.name
        return f"{self.policy}, 60 % opt in" if self.opt_in else self.policy


@dataclass
class Measures:
    """The measures of one run over all experiments."""

    oracle_usd: float = 0.0
    usd: float = 0.0
    above_usd: float = 0.0
    """The cost above the oracle's bill, experiment by experiment. Less than its bill does not make up for more."""
    idle_usd: Counter[str] = field(default_factory=Counter)
    jobs: Counter[str] = field(default_factory=Counter)
    stops: list[tuple[str, Stop]] = field(default_factory=list)
    """The stopped jobs, with the name of the experiment."""
    restarts: int = 0
    cut_queues: int = 0
    off_hours: list[float] = field(default_factory=list)
    """The hours from the last job of an abandoned cluster until it was off, sorted."""
    unbounded: int = 0
    invocations: int = 0
    failures: int = 0
    outcomes: list[Outcome] = field(default_factory=list)

    @classmethod
    def of(cls, experiments: Sequence[Experiment], outcomes: Sequence[Outcome]) -> Measures:
        """The measures of `outcomes`, one for each experiment."""
        made = cls(outcomes=list(outcomes))
        for experiment, outcome in zip(experiments, outcomes, strict=True):
            made.oracle_usd += outcome.oracle_usd
            made.usd += outcome.usd
            made.above_usd += max(0.0, outcome.usd - outcome.oracle_usd)
            made.idle_usd.update(outcome.idle_usd)
            made.jobs.update(job.kind for job in experiment.jobs)
            made.stops += [(experiment.name, stop) for stop in outcome.stops]
            made.restarts += outcome.restarts
            made.cut_queues += outcome.cut_queues
            made.unbounded += not outcome.bounded
            made.invocations += outcome.invocations
            made.failures += outcome.failures
            if outcome.off_after is not None:
                made.off_hours.append(outcome.off_after / HOUR)
        made.off_hours.sort()
        return made

    @property
    def above_oracle(self) -> float:
        """The cost above the oracle's bill, in percent of it."""
        return 100 * self.above_usd / self.oracle_usd

    def stopped(self, *kinds: str) -> int:
        """The number of jobs of these kinds that were stopped."""
        return sum(stop.kind in kinds for _, stop in self.stops)

    def off_percentile(self, share: float) -> float | None:
        """The hours in which this share of the abandoned clusters is off. None: none was abandoned."""
        if not self.off_hours:
            return None
        return self.off_hours[min(len(self.off_hours) - 1, int(share * len(self.off_hours)))]

    def missed_targets(self, faults: str) -> list[str]:
        """The targets that are missed."""
        missed = []
        if self.above_oracle > MOST_ABOVE_ORACLE.get(faults, 1.0):
            missed.append("cost")
        if self.stopped("reported"):
            missed.append("reported jobs")
        unreported = self.jobs["unreported"] + self.jobs["session"]
        if self.stopped("unreported", "session") > MOST_UNREPORTED_STOPPED * unreported:
            missed.append("unreported jobs")
        off = self.off_percentile(0.99)
        if faults == "none" and off is not None and off > LONGEST_OFF_HOURS:
            missed.append("abandoned")
        if self.unbounded:
            missed.append("bound")
        return missed


def measure(
    experiments: Sequence[Experiment],
    runs: Sequence[Run],
    *,
    seed: int,
    processes: int = 1,
    every_look: bool = False,
) -> list[Measures]:
    """The measures of each run.

    Args:
        experiments: the workload.
        runs: the runs.
        seed: the seed of boots, faults and owners.
        processes: the number of processes. Default: 1, this one.
        every_look: True to skip no look. Default: False.
    """
    tasks = [(experiment, run, seed, every_look) for run in runs for experiment in experiments]
    if processes == 1:
        outcomes = [_outcome(task) for task in tasks]
    else:
        with multiprocessing.get_context("fork").Pool(processes) as pool:
            outcomes = pool.map(_outcome, tasks, chunksize=4)
    count = len(experiments)
    return [Measures.of(experiments, outcomes[start : start + count]) for start in range(0, len(outcomes), count)]


def _outcome(task: tuple[Experiment, Run, int, bool]) -> Outcome:
    experiment, run, seed, every_look = task
    policy: Policy = run.policy if experiment.opts_in or not run.opt_in else "nothing"
    replay = Replay(experiment, run.setting, policy=policy, faults=FAULTS[run.faults], seed=seed, every_look=every_look)
    return replay.run()
