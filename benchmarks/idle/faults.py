"""Faults of nodes, events and AWS that a replay injects."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, fields
from typing import Final

from benchmarks.idle.workload import DAY, HOUR, MINUTE

_LONGEST_DELAY: Final = 15 * MINUTE
_LARGEST_SKEW: Final = 10 * MINUTE


@dataclass(frozen=True)
class NodeFaults:
    """The faults of one node, in epoch seconds. Infinity: never."""

    agent_dies: float = math.inf
    """From then on the CloudWatch agent reports no utilization."""
    guard_dies: float = math.inf
    """From then on the guard neither reports nor changes the protection from scale-in."""
    gpu_lost: float = math.inf
    """From then on `nvidia-smi` fails: no utilization, and activity is unknown while a process has a device open."""
    skew: float = 0.0
    """The seconds by which the node's clock is ahead of AWS's."""


@dataclass(frozen=True)
class Faults:
    """Rates of faults. The default has none."""

    dead_agents: float = 0.0
    """The share of nodes whose CloudWatch agent dies, half of them at boot, half in the first day."""
    dead_guards: float = 0.0
    """The share of nodes whose guard dies, at such times."""
    from_boot: bool = False
    """True if the agents and guards that die do so at boot."""
    lost_events: float = 0.0
    """The share of events that are never delivered: ends of jobs, schedules, alarms."""
    throttled_calls: float = 0.0
    """The share of the handlers' calls that are still throttled after all retries."""
    delayed_metrics: float = 0.0
    """The share of hours in which CloudWatch shows readings up to 15 minutes late."""
    lost_gpus: float = 0.0
    """The share of nodes that lose an accelerator in their first day."""
    hung_jobs: float = 0.0
    """The share of jobs that hang at their end, with accelerators at 100 % and heartbeats, until the owner notices."""
    skewed_clocks: float = 0.0
    """The share of nodes whose clock is wrong by up to 10 minutes."""

    def of_node(self, launched: float, rng: random.Random) -> NodeFaults:
        """The faults of a node launched at `launched`."""
        agent, guard, gpu, skew = (rng.random() for _ in range(4))
        times = [launched + rng.choice((0.0, rng.uniform(0, DAY))) * (not self.from_boot) for _ in range(2)]
        lost = launched + rng.uniform(0, DAY)
        offset = rng.uniform(-_LARGEST_SKEW, _LARGEST_SKEW)
        return NodeFaults(
            agent_dies=times[0] if agent < self.dead_agents else math.inf,
            guard_dies=times[1] if guard < self.dead_guards else math.inf,
            gpu_lost=lost if gpu < self.lost_gpus else math.inf,
            skew=offset if skew < self.skewed_clocks else 0.0,
        )

    def metric_delay(self, at: float, seed: str) -> float:
        """The delay of CloudWatch's readings at `at`, in seconds."""
        if not self.delayed_metrics:
            return 0.0
        rng = random.Random(f"{seed}/{at // HOUR}")  # noqa: S311  a replay is repeatable
        return rng.uniform(0, _LONGEST_DELAY) if rng.random() < self.delayed_metrics else 0.0


NO_FAULTS: Final = Faults()

FAULTS: Final[dict[str, Faults]] = {
    "none": NO_FAULTS,
    "agents": Faults(dead_agents=0.1),
    "guards": Faults(dead_guards=0.1),
    "events": Faults(lost_events=0.1),
    "throttling": Faults(throttled_calls=0.05),
    "metrics": Faults(delayed_metrics=0.5),
    "gpus": Faults(lost_gpus=0.02),
    "hung": Faults(hung_jobs=0.01),
    "clocks": Faults(skewed_clocks=0.1),
}
"""The faults by the names of the command line."""

FAULTS["all"] = Faults(
    **{each.name: max(getattr(one, each.name) for one in FAULTS.values()) for each in fields(Faults)}
)
