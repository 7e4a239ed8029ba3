"""Inspection and control of training clusters."""

from __future__ import annotations

from mlinfra.operations.clusters.control import extend_cluster, start_cluster, stop_cluster
from mlinfra.operations.clusters.inventory import Cluster, ClusterListing, list_all_clusters, list_clusters

__all__ = [
    "Cluster",
    "ClusterListing",
    "extend_cluster",
    "list_all_clusters",
    "list_clusters",
    "start_cluster",
    "stop_cluster",
]
