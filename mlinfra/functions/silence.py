"""Silence of one of the two sources of evidence of a node, while the other one decides about its idleness."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mlinfra.functions.fleet import IN_SERVICE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mlinfra.functions.fleet import Node, Target
    from mlinfra.functions.metrics import History
    from mlinfra.functions.node_report import NodeReport
    from mlinfra.functions.records import Memory
    from mlinfra.functions.rules import Rules


_LATE = timedelta(minutes=15)
"""The shortest silence: CloudWatch can show metrics late, and the clock of a node can be wrong."""


@dataclass(frozen=True)
class Silence:
    """The nodes of a cluster of which one source of evidence is silent, by instance id."""

    agents: tuple[str, ...] = ()
    """Those without GPU metrics of the CloudWatch agent, whose guards report."""
    guards: tuple[str, ...] = ()
    """Those without reports of the guard, whose agents report."""

    @property
    def nodes(self) -> tuple[str, ...]:
        """All of them."""
        return (*self.agents, *self.guards)


def find_silence(
    target: Target, rules: Rules, memory: Memory, histories: Mapping[str, History], now: datetime
) -> Silence:
    """The nodes of `target` of which one source has been silent for `silence_time`.

    Only NVIDIA GPUs have metrics of the agent: they are expected of a node if any node of the cluster has some. The
    alarm `<cluster>-gpu-silence` covers a cluster without any.

    Args:
        target: the cluster.
        rules: its rules.
        memory: its records, with the reports of its nodes.
        histories: the GPU metrics of its nodes, by instance id.
        now: the end of their window.
    """
    expects_metrics = any(
        each.instance_id in histories and histories[each.instance_id].readings for each in target.nodes
    )
    agents, guards = [], []
    limit = silence_time(rules)
    for node in target.nodes:
        if not _should_report(node, limit, now):
            continue
        history = histories.get(node.instance_id)
        if history is None or history.problem:
            continue
        has_metrics = any(at > now - limit for at in history.readings)
        report = memory.reports.get(node.instance_id)
        if _is_fresh(report, now) and expects_metrics and not has_metrics:
            agents.append(node.instance_id)
        elif has_metrics and _is_silent(report, limit, now):
            guards.append(node.instance_id)
    return Silence(tuple(agents), tuple(guards))


def silence_time(rules: Rules) -> timedelta:
    """The time after which a source is reported as silent: the tag `SilenceMinutes`, and 15 minutes or more.

    Args:
        rules: the rules of the cluster.
    """
    return max(rules.silence, _LATE)


def _should_report(node: Node, limit: timedelta, now: datetime) -> bool:
    """True if it has run for longer than its sources may be silent."""
    is_running = node.lifecycle == IN_SERVICE and node.state == "running"
    return is_running and node.launched is not None and now - node.launched >= limit


def _is_fresh(report: NodeReport | None, now: datetime) -> bool:
    return report is not None and report.is_fresh(now)


def _is_silent(report: NodeReport | None, limit: timedelta, now: datetime) -> bool:
    return report is None or report.reported_at is None or now - report.reported_at >= limit
