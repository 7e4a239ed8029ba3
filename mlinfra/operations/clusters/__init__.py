"""Inspection and control of training clusters."""

from __future__ import annotations

from mlinfra.operations.clusters.capacity import CapacityWait
from mlinfra.operations.clusters.cluster_costs import RecordedCost, RecordKey, recorded_cost
from mlinfra.operations.clusters.control import (
    ClusterStart,
    extend_cluster,
    start_cluster,
    undo_extension,
)
from mlinfra.operations.clusters.inventory import (
    Cluster,
    ClusterAccount,
    ClusterListing,
    list_all_clusters,
    list_clusters,
    only_running_cluster,
)
from mlinfra.operations.clusters.marks import Mark
from mlinfra.operations.clusters.sessions import (
    SESSION_PLUGIN,
    SESSION_PLUGIN_PAGE,
    ClusterNode,
    chosen_node,
    forward,
    login_of,
    running_nodes,
    shell,
    ssh_channel,
)
from mlinfra.operations.clusters.spend_history import DailySpend, daily_spend
from mlinfra.operations.clusters.stop import ClusterStop, stop_cluster, stop_cluster_once_reported

__all__ = [
    "SESSION_PLUGIN",
    "SESSION_PLUGIN_PAGE",
    "CapacityWait",
    "Cluster",
    "ClusterAccount",
    "ClusterListing",
    "ClusterNode",
    "ClusterStart",
    "ClusterStop",
    "DailySpend",
    "Mark",
    "RecordKey",
    "RecordedCost",
    "chosen_node",
    "daily_spend",
    "extend_cluster",
    "forward",
    "list_all_clusters",
    "list_clusters",
    "login_of",
    "only_running_cluster",
    "recorded_cost",
    "running_nodes",
    "shell",
    "ssh_channel",
    "start_cluster",
    "stop_cluster",
    "stop_cluster_once_reported",
    "undo_extension",
]
