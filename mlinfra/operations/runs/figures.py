"""Cost, GPU hours and utilization of runs.

A node counts from the time it joined an attempt until its last report. Prices are those that apply to its cluster: in a
Capacity Block the declared price, else the published rate; otherwise the on-demand price of its region, also for spot
instances, as for spend limits. It is an estimate, not a bill.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mlinfra.catalog import instance_types
from mlinfra.declarations import CapacityBlock, Spot
from mlinfra.functions import cost
from mlinfra.functions.contract import Tag
from mlinfra.functions.fleet import CAPACITY_BLOCK, ON_DEMAND, Node

if TYPE_CHECKING:
    from mlinfra.declarations import Environment, Experiment
    from mlinfra.operations.runs.recorded_run import Run, RunNode

_SECONDS_AN_HOUR: Final = 3600


@dataclass(frozen=True)
class RunFigures:
    """The cost and the use of the nodes of a run, over all attempts."""

    usd: float
    """The cost of the nodes with a known price, in USD."""
    unpriced: tuple[str, ...]
    """The instance types with an unknown price. If there are any, `usd` is only a part of the cost."""
    basis: str
    """The prices that were used, in a few words."""
    node_hours: float
    gpu_hours: float | None
    """The hours for which its command ran, times the GPUs; None: an instance type is not in the catalog."""
    gpu_percent: float | None
    """The mean utilization of its GPUs while the command ran, in percent; None: unknown."""

    @property
    def usd_known(self) -> float | None:
        """The whole cost in USD; None: the price of a node is unknown."""
        return None if self.unpriced else self.usd


def run_figures(environment: Environment, run: Run) -> RunFigures:
    """The cost and use of the nodes of a run until now, or until its end."""
    experiment = next(
        (each for each in environment.experiments if environment.names.cluster(each) == run.partition), None
    )
    nodes = [node for attempt in run.attempts for node in attempt.nodes]
    usd, unpriced, basis = 0.0, set(), set()
    for node in nodes:
        price = (
            cost.node_price(_priced(node, environment, experiment), _tags(experiment)) if node.instance_type else None
        )
        if price is None:
            unpriced.add(node.instance_type or "unknown")
            continue
        usd += price.usd_per_hour * _occupied_hours(node)
        basis.add(f"the price of {price.taken_from}" if price.taken_from else _basis(experiment))
    return RunFigures(
        usd=usd,
        unpriced=tuple(sorted(unpriced)),
        basis=", ".join(sorted(basis)),
        node_hours=sum(_occupied_hours(node) for node in nodes),
        gpu_hours=_gpu_hours(nodes),
        gpu_percent=_mean_utilization(nodes),
    )


def _occupied_hours(node: RunNode) -> float:
    if node.joined_at is None or node.seen_at is None:
        return (node.running_seconds or 0) / _SECONDS_AN_HOUR
    return max(0.0, (node.seen_at - node.joined_at).total_seconds()) / _SECONDS_AN_HOUR


def _gpu_hours(nodes: list[RunNode]) -> float | None:
    known = instance_types()
    hours = 0.0
    for node in nodes:
        if not node.running_seconds:
            continue
        found = known.get(node.instance_type or "")
        if found is None:
            return None
        hours += node.running_seconds / _SECONDS_AN_HOUR * found.accelerator_count
    return hours


def _mean_utilization(nodes: list[RunNode]) -> float | None:
    measured = [
        (node.gpu_percent, node.running_seconds)
        for node in nodes
        if node.gpu_percent is not None and node.running_seconds
    ]
    seconds = sum(each for _, each in measured)
    return sum(percent * each for percent, each in measured) / seconds if seconds else None


def _priced(node: RunNode, environment: Environment, experiment: Experiment | None) -> Node:
    """The node in the form of the functions that count the cost of clusters."""
    is_block = experiment is not None and isinstance(experiment.purchase, CapacityBlock)
    market = CAPACITY_BLOCK if is_block else ON_DEMAND
    zone = node.zone or f"{environment.region}a"
    return Node(node.instance_id, node.instance_type or "", market=market, zone=zone)


def _tags(experiment: Experiment | None) -> dict[str, str]:
    if experiment is None or not isinstance(experiment.purchase, CapacityBlock):
        return {}
    usd = experiment.purchase.usd_per_hour
    return {} if usd is None else {Tag.NODE_USD_PER_HOUR: str(usd)}


def _basis(experiment: Experiment | None) -> str:
    if experiment is not None and isinstance(experiment.purchase, CapacityBlock):
        declared = experiment.purchase.usd_per_hour is not None
        return "the declared price of its Capacity Block" if declared else "the published rate of Capacity Blocks"
    if experiment is not None and isinstance(experiment.purchase, Spot):
        return "on-demand prices, although its nodes may be spot instances"
    return "on-demand prices"
