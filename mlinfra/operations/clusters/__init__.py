"""Inspection and control of training clusters."""

from __future__ import annotations

from mlinfra.operations.clusters.control import (
    ClusterStart,
    ClusterStop,
    extend_cluster,
    start_cluster,
    stop_cluster,
    undo_extension,
)
from mlinfra.operations.clusters.inventory import Cluster, ClusterListing, list_all_clusters, list_clusters
from mlinfra.operations.clusters.marks import Mark
from mlinfra.operations.clusters.spend_history import DailySpend, daily_spend

__all__ = [
    "Cluster",
    "ClusterListing",
    "ClusterStart",
    "ClusterStop",
    "DailySpend",
    "Mark",
    "daily_spend",
    "extend_cluster",
    "list_all_clusters",
    "list_clusters",
    "start_cluster",
    "stop_cluster",
    "undo_extension",
]
