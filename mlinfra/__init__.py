"""Infrastructure for machine learning teams on AWS, as Python classes.

The public names, each imported when first used: a program that only reads environments never
loads cdktf.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlinfra._cdk import TerraformOutput
    from mlinfra.adopted import Adopted
    from mlinfra.app import MlApp, problems_without_traceback
    from mlinfra.catalog.images import Image
    from mlinfra.constructs.adopted_resource import AdoptedResource
    from mlinfra.constructs.alerts import Alerts
    from mlinfra.constructs.ci_roles import CiRoles
    from mlinfra.constructs.cluster_records import ClusterRecords
    from mlinfra.constructs.console_lockdown import ConsoleLockdown
    from mlinfra.constructs.data_catalog import DataCatalog
    from mlinfra.constructs.data_lake import DataLake
    from mlinfra.constructs.encryption_key import EncryptionKey
    from mlinfra.constructs.endpoint_watch import EndpointWatch
    from mlinfra.constructs.experiment_tracking import ExperimentTracking
    from mlinfra.constructs.feature_store import FeatureStore
    from mlinfra.constructs.function import Function
    from mlinfra.constructs.idle_guard import IdleGuard
    from mlinfra.constructs.idle_stop import IdleStop
    from mlinfra.constructs.image_repository import ImageRepository
    from mlinfra.constructs.janitor import Janitor
    from mlinfra.constructs.job_watch import JobWatch
    from mlinfra.constructs.lifecycle import Lifecycle
    from mlinfra.constructs.model_registry import ModelRegistry
    from mlinfra.constructs.network import Network
    from mlinfra.constructs.node_watch import NodeWatch
    from mlinfra.constructs.object_lock import ObjectLock
    from mlinfra.constructs.quiet_schedule import QuietSchedule
    from mlinfra.constructs.replication import Replication
    from mlinfra.constructs.serving_endpoint import ServingEndpoint
    from mlinfra.constructs.shutdown import Shutdown
    from mlinfra.constructs.studio import Studio
    from mlinfra.constructs.training_cluster import TrainingCluster
    from mlinfra.constructs.training_queue import TrainingQueue
    from mlinfra.data_lake_settings import DataLakeSettings
    from mlinfra.declaration import DeclarationError
    from mlinfra.declared import load_environments
    from mlinfra.endpoint import Endpoint, Variant
    from mlinfra.environment import Environment
    from mlinfra.experiment import Experiment, Lustre
    from mlinfra.feature_group import FeatureGroup
    from mlinfra.forgotten import Forgotten
    from mlinfra.hosting import Asynchronous, BlueGreen, RealTime, Serverless
    from mlinfra.people import Person, Team
    from mlinfra.pipeline import Pipeline
    from mlinfra.platform import Platform
    from mlinfra.purchase import CapacityBlock, CapacityReservation, OnDemand, Spot
    from mlinfra.quiet_hours import QuietHours
    from mlinfra.registered_model import RegisteredModel
    from mlinfra.stack import MlStack
    from mlinfra.stacks.state import StateStack
    from mlinfra.studio import Space, StudioSettings
    from mlinfra.tracking import Tracking

_HOMES = {
    "Adopted": "mlinfra.adopted",
    "AdoptedResource": "mlinfra.constructs.adopted_resource",
    "Alerts": "mlinfra.constructs.alerts",
    "Asynchronous": "mlinfra.hosting",
    "BlueGreen": "mlinfra.hosting",
    "CapacityBlock": "mlinfra.purchase",
    "CapacityReservation": "mlinfra.purchase",
    "CiRoles": "mlinfra.constructs.ci_roles",
    "ClusterRecords": "mlinfra.constructs.cluster_records",
    "ConsoleLockdown": "mlinfra.constructs.console_lockdown",
    "DataCatalog": "mlinfra.constructs.data_catalog",
    "DataLake": "mlinfra.constructs.data_lake",
    "DataLakeSettings": "mlinfra.data_lake_settings",
    "DeclarationError": "mlinfra.declaration",
    "EncryptionKey": "mlinfra.constructs.encryption_key",
    "Endpoint": "mlinfra.endpoint",
    "EndpointWatch": "mlinfra.constructs.endpoint_watch",
    "Environment": "mlinfra.environment",
    "Experiment": "mlinfra.experiment",
    "ExperimentTracking": "mlinfra.constructs.experiment_tracking",
    "FeatureGroup": "mlinfra.feature_group",
    "FeatureStore": "mlinfra.constructs.feature_store",
    "Forgotten": "mlinfra.forgotten",
    "Function": "mlinfra.constructs.function",
    "IdleGuard": "mlinfra.constructs.idle_guard",
    "IdleStop": "mlinfra.constructs.idle_stop",
    "Image": "mlinfra.catalog.images",
    "ImageRepository": "mlinfra.constructs.image_repository",
    "Janitor": "mlinfra.constructs.janitor",
    "JobWatch": "mlinfra.constructs.job_watch",
    "Lifecycle": "mlinfra.constructs.lifecycle",
    "Lustre": "mlinfra.experiment",
    "MlApp": "mlinfra.app",
    "MlStack": "mlinfra.stack",
    "ModelRegistry": "mlinfra.constructs.model_registry",
    "Network": "mlinfra.constructs.network",
    "NodeWatch": "mlinfra.constructs.node_watch",
    "ObjectLock": "mlinfra.constructs.object_lock",
    "OnDemand": "mlinfra.purchase",
    "Person": "mlinfra.people",
    "Pipeline": "mlinfra.pipeline",
    "Platform": "mlinfra.platform",
    "QuietHours": "mlinfra.quiet_hours",
    "QuietSchedule": "mlinfra.constructs.quiet_schedule",
    "RealTime": "mlinfra.hosting",
    "RegisteredModel": "mlinfra.registered_model",
    "Replication": "mlinfra.constructs.replication",
    "Serverless": "mlinfra.hosting",
    "ServingEndpoint": "mlinfra.constructs.serving_endpoint",
    "Shutdown": "mlinfra.constructs.shutdown",
    "Space": "mlinfra.studio",
    "Spot": "mlinfra.purchase",
    "StateStack": "mlinfra.stacks.state",
    "Studio": "mlinfra.constructs.studio",
    "StudioSettings": "mlinfra.studio",
    "Team": "mlinfra.people",
    "TerraformOutput": "mlinfra._cdk",
    "Tracking": "mlinfra.tracking",
    "TrainingCluster": "mlinfra.constructs.training_cluster",
    "TrainingQueue": "mlinfra.constructs.training_queue",
    "Variant": "mlinfra.endpoint",
    "load_environments": "mlinfra.declared",
    "problems_without_traceback": "mlinfra.app",
}

__all__ = [
    "Adopted",
    "AdoptedResource",
    "Alerts",
    "Asynchronous",
    "BlueGreen",
    "CapacityBlock",
    "CapacityReservation",
    "CiRoles",
    "ClusterRecords",
    "ConsoleLockdown",
    "DataCatalog",
    "DataLake",
    "DataLakeSettings",
    "DeclarationError",
    "EncryptionKey",
    "Endpoint",
    "EndpointWatch",
    "Environment",
    "Experiment",
    "ExperimentTracking",
    "FeatureGroup",
    "FeatureStore",
    "Forgotten",
    "Function",
    "IdleGuard",
    "IdleStop",
    "Image",
    "ImageRepository",
    "Janitor",
    "JobWatch",
    "Lifecycle",
    "Lustre",
    "MlApp",
    "MlStack",
    "ModelRegistry",
    "Network",
    "NodeWatch",
    "ObjectLock",
    "OnDemand",
    "Person",
    "Pipeline",
    "Platform",
    "QuietHours",
    "QuietSchedule",
    "RealTime",
    "RegisteredModel",
    "Replication",
    "Serverless",
    "ServingEndpoint",
    "Shutdown",
    "Space",
    "Spot",
    "StateStack",
    "Studio",
    "StudioSettings",
    "Team",
    "TerraformOutput",
    "Tracking",
    "TrainingCluster",
    "TrainingQueue",
    "Variant",
    "load_environments",
    "problems_without_traceback",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
