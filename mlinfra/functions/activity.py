"""Activity of a cluster: busy, idle or unknown. What is unknown counts as busy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING

from mlinfra.functions.fleet import IN_SERVICE
from mlinfra.functions.metrics import History, beginning

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mlinfra.functions.fleet import Node, Target
    from mlinfra.functions.records import Memory
    from mlinfra.functions.rules import Rules

_PERIOD = timedelta(minutes=5)
"""The node's agent reports every minute. The activity in a period without a report is unknown."""


class Verdict(Enum):
    """The conclusion from the evidence."""

    EMPTY = "empty"
    """The cluster has no nodes."""
    IDLE = "idle"
    """All its nodes are known to be idle."""
    BUSY = "busy"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Evidence:
    """The activity of a cluster, and the reason for that conclusion."""

    verdict: Verdict
    reason: str
    is_contradictory: bool = False
    """True if the evidence contradicts itself, such as idle GPUs on a protected node."""


def gather_evidence(
    target: Target, rules: Rules, memory: Memory | None, histories: Mapping[str, History], now: datetime
) -> Evidence:
    """Determine the activity of `target`.

    Args:
        target: the cluster.
        rules: the window and the utilization below which its GPUs count as idle.
        memory: its records. None: they could not be read.
        histories: the GPU metrics of its nodes, by instance id.
        now: the end of the window.
    """
    if memory is None:
        return Evidence(Verdict.UNKNOWN, "its records could not be read, so jobs may be running")
    gpus = _gpus(target, rules, histories, now)
    holds = [f"job {job.name or job.job_id} is reported as running" for job in memory.jobs if job.may_be_running(now)]
    holds += [f"{node.instance_id} is protected from scale-in" for node in target.nodes if node.protected]
    holds += [
        f"{node.instance_id} has the lifecycle state {node.lifecycle}"
        for node in target.nodes
        if node.lifecycle != IN_SERVICE
    ]
    if holds:
        return Evidence(Verdict.BUSY, _several(holds), is_contradictory=gpus.verdict is Verdict.IDLE)
    return gpus


def _gpus(target: Target, rules: Rules, histories: Mapping[str, History], now: datetime) -> Evidence:
    if not target.nodes:
        return Evidence(Verdict.EMPTY, "it has no nodes")
    if rules.idle_for is None or rules.idle_percent is None:
        return Evidence(Verdict.UNKNOWN, _several(rules.problems))
    each = [
        _node(node, rules.idle_for, rules.idle_percent, histories.get(node.instance_id), now) for node in target.nodes
    ]
    for verdict in (Verdict.BUSY, Verdict.UNKNOWN):
        reasons = [one.reason for one in each if one.verdict is verdict]
        if reasons:
            return Evidence(verdict, _several(reasons))
    minutes = int(rules.idle_for / timedelta(minutes=1))
    return Evidence(Verdict.IDLE, f"GPU utilization was below {rules.idle_percent:g}% for {minutes} minutes")


def _node(node: Node, idle_for: timedelta, idle_percent: float, history: History | None, now: datetime) -> Evidence:
    name = node.instance_id
    if node.state != "running":
        return Evidence(Verdict.UNKNOWN, f"EC2 reports the state of {name} as {node.state or 'unknown'}")
    start = beginning(now, idle_for)
    readings = {at: value for at, value in history.readings.items() if at >= start} if history else {}
    # Not any(value >= ...): NaN compares as false, and has to count as busy.
    if not all(0 <= value < idle_percent for value in readings.values()):
        return Evidence(Verdict.BUSY, f"GPU utilization of {name} reached {max(readings.values()):g}%")
    if history is None:
        return Evidence(Verdict.UNKNOWN, f"{name}: its GPU metrics were not queried")
    if history.problem:
        return Evidence(Verdict.UNKNOWN, f"{name}: {history.problem}")
    end = beginning(now, timedelta(0)) + timedelta(minutes=1)
    until = beginning(now, timedelta(0))
    while until > start:
        since = max(until - _PERIOD, start)
        if not any(since <= at < end for at in readings):
            return Evidence(Verdict.UNKNOWN, f"{name} has no GPU metrics from {since:%H:%M} to {until:%H:%M} UTC")
        end = until = since
    return Evidence(Verdict.IDLE, f"{name} is idle")


def _several(reasons: list[str] | tuple[str, ...]) -> str:
    most = 3
    more = f", and {len(reasons) - most} more" if len(reasons) > most else ""
    return "; ".join(reasons[:most]) + more
