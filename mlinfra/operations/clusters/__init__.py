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

__all__ = [
    "Cluster",
    "ClusterListing",
    "ClusterStart",
    "ClusterStop",
    "Mark",
    "extend_cluster",
    "list_all_clusters",
    "list_clusters",
    "start_cluster",
    "stop_cluster",
    "undo_extension",
]
