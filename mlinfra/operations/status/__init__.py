"""Overview of what runs now: nodes, and everything of a person or a team on one screen."""

from __future__ import annotations

from mlinfra.operations.status.node_activity import HISTORY_MINUTES, NodeActivity, NodeListing, NodeMonitor

__all__ = [
    "HISTORY_MINUTES",
    "NodeActivity",
    "NodeListing",
    "NodeMonitor",
]
