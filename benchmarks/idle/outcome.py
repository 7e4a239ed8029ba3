"""The outcome of the replay of one experiment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.idle.workload import Signals


@dataclass
class Stop:
    """A job that was stopped."""

    job_id: str
    kind: str
    at: float
    signals: Signals
    """Its signals at that time."""
    why: str = "the size of its group was 0, and its node was not protected from scale-in"


@dataclass
class Outcome:
    """The outcome of one experiment."""

    experiment: str
    oracle_usd: float
    usd: float = 0.0
    idle_usd: dict[str, float] = field(default_factory=dict)
    """The cost of nodes without a job, beyond that for which the oracle pays, by its cause (`causes.CAUSES`)."""
    stops: list[Stop] = field(default_factory=list)
    restarts: int = 0
    cut_queues: int = 0
    off_after: float | None = None
    """The seconds from the end of the last job until no node ran. None: its owner stopped the cluster."""
    bounded: bool = True
    """False if nodes ran longer than a day after the experiment's bound."""
    invocations: int = 0
    failures: int = 0

    def count_idle(self, cause: str, usd: float) -> None:
        """Count the cost of a node without a job."""
        self.idle_usd[cause] = self.idle_usd.get(cause, 0.0) + usd

    def count_stop(self, stop: Stop) -> None:
        """Count a stopped job, once even if it is stopped again."""
        if all(each.job_id != stop.job_id for each in self.stops):
            self.stops.append(stop)
