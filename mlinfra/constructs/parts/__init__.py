"""Building blocks shared by several construct packages: policies, grants, keys, functions, private buckets, alerts."""

from __future__ import annotations

from mlinfra.constructs.parts.alerts import Alerts, subscribe_owner
from mlinfra.constructs.parts.cluster_control import read_clusters, stop_groups, stoppable, terminate_nodes
from mlinfra.constructs.parts.deployed_shutdown import (
    SHUTDOWN_COMPONENT,
    SHUTDOWN_PARAMETER,
    DeployedShutdown,
    declare_shutdown,
    require_shutdown,
)
from mlinfra.constructs.parts.egress import allow_out
from mlinfra.constructs.parts.encryption_key import FSX_DATA_SERVICE, EncryptionKey
from mlinfra.constructs.parts.environment import environment_of
from mlinfra.constructs.parts.event_delivery import EventDelivery, EventReceiver
from mlinfra.constructs.parts.event_rule import EventRule
from mlinfra.constructs.parts.function import Function
from mlinfra.constructs.parts.grants import AnyRole, grant_to
from mlinfra.constructs.parts.network_settings import NetworkSettings, PrivateNetwork
from mlinfra.constructs.parts.notifications import alert_statements, notification_statements
from mlinfra.constructs.parts.policy import (
    KEY_USE,
    Conditions,
    Statement,
    all_values_in,
    one_or_list,
    policy_document,
    statement,
    trust_policy,
)
from mlinfra.constructs.parts.private_bucket import PrivateBucket
from mlinfra.constructs.parts.roles import workload_role

__all__ = [
    "FSX_DATA_SERVICE",
    "KEY_USE",
    "SHUTDOWN_COMPONENT",
    "SHUTDOWN_PARAMETER",
    "Alerts",
    "AnyRole",
    "Conditions",
    "DeployedShutdown",
    "EncryptionKey",
    "EventDelivery",
    "EventReceiver",
    "EventRule",
    "Function",
    "NetworkSettings",
    "PrivateBucket",
    "PrivateNetwork",
    "Statement",
    "alert_statements",
    "all_values_in",
    "allow_out",
    "declare_shutdown",
    "environment_of",
    "grant_to",
    "notification_statements",
    "one_or_list",
    "policy_document",
    "read_clusters",
    "require_shutdown",
    "statement",
    "stop_groups",
    "stoppable",
    "subscribe_owner",
    "terminate_nodes",
    "trust_policy",
    "workload_role",
]
