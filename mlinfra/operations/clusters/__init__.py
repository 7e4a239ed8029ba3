"""Inspection and control of training clusters."""

from __future__ import annotations

from mlinfra.operations.clusters.control import Cluster, extend_cluster, list_clusters, start_cluster, stop_cluster

__all__ = ["Cluster", "extend_cluster", "list_clusters", "start_cluster", "stop_cluster"]
