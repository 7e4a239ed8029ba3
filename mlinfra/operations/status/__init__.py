"""Overview of what runs now: nodes, and everything of a person or a team on one screen."""

from __future__ import annotations

from mlinfra.operations.status.node_activity import HISTORY_MINUTES, NodeActivity, NodeListing, NodeMonitor
from mlinfra.operations.status.notices import Notice
from mlinfra.operations.status.overview import EnvironmentStatus, read_overview
from mlinfra.operations.status.selection import Selection
from mlinfra.operations.status.services import EndpointStatus, QueueStatus

__all__ = [
    "HISTORY_MINUTES",
    "EndpointStatus",
    "EnvironmentStatus",
    "NodeActivity",
    "NodeListing",
    "NodeMonitor",
    "Notice",
    "QueueStatus",
    "Selection",
    "read_overview",
]
