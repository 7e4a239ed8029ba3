"""The time for which the nodes of a cluster have been idle."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.functions.activity import NodeEvidence
    from mlinfra.functions.fleet import Target
    from mlinfra.functions.metrics import History

IDLE_WINDOW = timedelta(hours=6)
"""The period for which idleness is measured; also the maximum of an environment's `idle_minutes`."""
_GAP = timedelta(minutes=5)


def idle_minutes(
    target: Target,
    nodes: Mapping[str, NodeEvidence],
    idle_percent: float | None,
    gpus: Mapping[str, History],
    now: datetime,
) -> int | None:
    """The minutes for which all nodes of `target` have been idle, up to 360; None: unknown.

    The report of a node's guard counts, and its GPU metrics if the guard is silent.

    Args:
        target: the cluster.
        nodes: the activity of its nodes, by instance id.
        idle_percent: the utilization below which a GPU is idle, in percent.
        gpus: the GPU metrics of its nodes, by instance id.
        now: the current time.
    """
    if idle_percent is None or not target.nodes:
        return None
    each = [
        _reported_since(nodes.get(node.instance_id), now) or _idle_since(gpus.get(node.instance_id), idle_percent, now)
        for node in target.nodes
    ]
    if None in each:
        return None
    latest = max(since for since in each if since is not None)
    return int((now - latest) / timedelta(minutes=1))


def _reported_since(node: NodeEvidence | None, now: datetime) -> datetime | None:
    """The beginning of the idle period of a node; None: its guard is silent."""
    return now - min(node.quiet_for, IDLE_WINDOW) if node and node.is_guarded else None


def _idle_since(history: History | None, idle_percent: float, now: datetime) -> datetime | None:
    """The beginning of the idle period of a node; None: there are no metrics of the last minutes."""
    if history is None or history.problem:
        return None
    since = now
    for at in sorted(history.readings, reverse=True):
        if since - at > _GAP + timedelta(minutes=1):
            break
        if not 0 <= history.readings[at] < idle_percent:
            return min(at + timedelta(minutes=1), now)
        since = at
    return None if since == now else since
