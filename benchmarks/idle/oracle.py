"""The oracle: the cost of an experiment with hindsight.

It knows when each job is submitted and ends. A cluster runs exactly while jobs run, all its nodes together
(`gang=True`), or each node exactly while its jobs run (`gang=False`). It starts nodes one boot before a job, so that no
job waits, and pays for that boot. Between two jobs it keeps nodes running if the gap costs less than another boot.
A job that hangs ends where it hangs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.functions.prices import on_demand_prices

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.idle.workload import Experiment

Interval = tuple[float, float]


def oracle_usd(experiment: Experiment, boot: float) -> float:
    """The oracle's bill of an experiment, in USD.

    Args:
        experiment: the experiment.
        boot: the seconds from the launch of a node until a job can use it.
    """
    price = on_demand_prices()[experiment.instance_type] / 3600
    lanes = [_intervals(experiment, lane) for lane in range(len(experiment.lanes))]
    if experiment.gang:
        return _seconds([each for lane in lanes for each in lane], boot) * price * experiment.nodes
    return sum(_seconds(lane, boot) for lane in lanes) * price


def _intervals(experiment: Experiment, lane: int) -> list[Interval]:
    """The times in which the jobs of a lane run if nothing delays them."""
    intervals = []
    at = experiment.begins
    for job in experiment.lanes[lane]:
        at += job.gap
        intervals.append((at, at + job.seconds))
        at += job.seconds
    return intervals


def _seconds(intervals: Iterable[Interval], boot: float) -> float:
    """The seconds for which a node is billed, with boots."""
    total, end = 0.0, float("-inf")
    for begin, its_end in sorted(intervals):
        if begin > end:
            total += min(boot, begin - end)
            end = begin
        total += max(0.0, its_end - end)
        end = max(end, its_end)
    return total
