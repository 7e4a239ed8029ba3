"""Infrastructure for machine learning teams on AWS, as Python classes.

The public names, each imported when first used: a program that only reads environments never
loads cdktf.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlinfra.catalog.images import Image
    from mlinfra.constructs.alerts import Alerts
    from mlinfra.constructs.cluster_records import ClusterRecords
    from mlinfra.constructs.data_catalog import DataCatalog
    from mlinfra.constructs.data_lake import DataLake
    from mlinfra.constructs.encryption_key import EncryptionKey
    from mlinfra.constructs.function import Function
    from mlinfra.constructs.idle_guard import IdleGuard
    from mlinfra.constructs.idle_stop import IdleStop
    from mlinfra.constructs.janitor import Janitor
    from mlinfra.constructs.job_watch import JobWatch
    from mlinfra.constructs.lifecycle import Lifecycle
    from mlinfra.constructs.network import Network
    from mlinfra.constructs.object_lock import ObjectLock
    from mlinfra.constructs.quiet_schedule import QuietSchedule
    from mlinfra.constructs.replication import Replication
    from mlinfra.constructs.shutdown import Shutdown
    from mlinfra.constructs.training_cluster import TrainingCluster
    from mlinfra.constructs.training_queue import TrainingQueue
    from mlinfra.data_lake_settings import DataLakeSettings
    from mlinfra.declaration import DeclarationError
    from mlinfra.declared import load_environments
    from mlinfra.environment import Environment
    from mlinfra.experiment import Experiment, Lustre
    from mlinfra.platform import Platform
    from mlinfra.purchase import CapacityBlock, CapacityReservation, OnDemand, Spot
    from mlinfra.quiet_hours import QuietHours
    from mlinfra.stack import MlStack

_HOMES = {
    "Alerts": "mlinfra.constructs.alerts",
    "CapacityBlock": "mlinfra.purchase",
    "CapacityReservation": "mlinfra.purchase",
    "ClusterRecords": "mlinfra.constructs.cluster_records",
    "DataCatalog": "mlinfra.constructs.data_catalog",
    "DataLake": "mlinfra.constructs.data_lake",
    "DataLakeSettings": "mlinfra.data_lake_settings",
    "DeclarationError": "mlinfra.declaration",
    "EncryptionKey": "mlinfra.constructs.encryption_key",
    "Environment": "mlinfra.environment",
    "Experiment": "mlinfra.experiment",
    "Function": "mlinfra.constructs.function",
    "IdleGuard": "mlinfra.constructs.idle_guard",
    "IdleStop": "mlinfra.constructs.idle_stop",
    "Image": "mlinfra.catalog.images",
    "Janitor": "mlinfra.constructs.janitor",
    "JobWatch": "mlinfra.constructs.job_watch",
    "Lifecycle": "mlinfra.constructs.lifecycle",
    "Lustre": "mlinfra.experiment",
    "MlStack": "mlinfra.stack",
    "Network": "mlinfra.constructs.network",
    "ObjectLock": "mlinfra.constructs.object_lock",
    "OnDemand": "mlinfra.purchase",
    "Platform": "mlinfra.platform",
    "QuietHours": "mlinfra.quiet_hours",
    "QuietSchedule": "mlinfra.constructs.quiet_schedule",
    "Replication": "mlinfra.constructs.replication",
    "Shutdown": "mlinfra.constructs.shutdown",
    "Spot": "mlinfra.purchase",
    "TrainingCluster": "mlinfra.constructs.training_cluster",
    "TrainingQueue": "mlinfra.constructs.training_queue",
    "load_environments": "mlinfra.declared",
}

__all__ = [
    "Alerts",
    "CapacityBlock",
    "CapacityReservation",
    "ClusterRecords",
    "DataCatalog",
    "DataLake",
    "DataLakeSettings",
    "DeclarationError",
    "EncryptionKey",
    "Environment",
    "Experiment",
    "Function",
    "IdleGuard",
    "IdleStop",
    "Image",
    "Janitor",
    "JobWatch",
    "Lifecycle",
    "Lustre",
    "MlStack",
    "Network",
    "ObjectLock",
    "OnDemand",
    "Platform",
    "QuietHours",
    "QuietSchedule",
    "Replication",
    "Shutdown",
    "Spot",
    "TrainingCluster",
    "TrainingQueue",
    "load_environments",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
