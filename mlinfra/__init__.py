"""Infrastructure for machine learning teams on AWS, as Python classes.

The public names, each imported when first used: a program that only reads environments never
loads cdktf.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlinfra._cdk import TerraformOutput
    from mlinfra.app import MlApp, problems_without_traceback
    from mlinfra.constructs.account import AdoptedResource, CiRoles, ConsoleLockdown, Network
    from mlinfra.constructs.data_lake import DataCatalog, DataLake, Lifecycle, ObjectLock, Replication
    from mlinfra.constructs.ml_assets import ExperimentTracking, FeatureStore, ImageRepository, ModelRegistry
    from mlinfra.constructs.parts import Alerts, EncryptionKey, Function, NetworkSettings
    from mlinfra.constructs.serving import EndpointWatch, ServingEndpoint
    from mlinfra.constructs.shutdown import (
        ClusterRecords,
        IdleGuard,
        IdleStop,
        Janitor,
        JobWatch,
        NodeWatch,
        QuietSchedule,
        Shutdown,
    )
    from mlinfra.constructs.studio import Studio
    from mlinfra.constructs.training import TrainingCluster, TrainingQueue
    from mlinfra.declarations import (
        Adopted,
        Asynchronous,
        BlueGreen,
        CapacityBlock,
        CapacityReservation,
        DataLakeSettings,
        Endpoint,
        Environment,
        Experiment,
        FeatureGroup,
        Forgotten,
        Image,
        Lustre,
        OnDemand,
        Person,
        Pipeline,
        Queue,
        QuietHours,
        RealTime,
        RegisteredModel,
        Serverless,
        Space,
        Spot,
        StudioSettings,
        Team,
        Tracking,
        Variant,
        load_environments,
    )
    from mlinfra.errors import DeclarationError
    from mlinfra.platform import Platform
    from mlinfra.stack import MlStack
    from mlinfra.stacks.state import StateStack

_HOMES = {
    "Adopted": "mlinfra.declarations",
    "AdoptedResource": "mlinfra.constructs.account",
    "Alerts": "mlinfra.constructs.parts",
    "Asynchronous": "mlinfra.declarations",
    "BlueGreen": "mlinfra.declarations",
    "CapacityBlock": "mlinfra.declarations",
    "CapacityReservation": "mlinfra.declarations",
    "CiRoles": "mlinfra.constructs.account",
    "ClusterRecords": "mlinfra.constructs.shutdown",
    "ConsoleLockdown": "mlinfra.constructs.account",
    "DataCatalog": "mlinfra.constructs.data_lake",
    "DataLake": "mlinfra.constructs.data_lake",
    "DataLakeSettings": "mlinfra.declarations",
    "DeclarationError": "mlinfra.errors",
    "EncryptionKey": "mlinfra.constructs.parts",
    "Endpoint": "mlinfra.declarations",
    "EndpointWatch": "mlinfra.constructs.serving",
    "Environment": "mlinfra.declarations",
    "Experiment": "mlinfra.declarations",
    "ExperimentTracking": "mlinfra.constructs.ml_assets",
    "FeatureGroup": "mlinfra.declarations",
    "FeatureStore": "mlinfra.constructs.ml_assets",
    "Forgotten": "mlinfra.declarations",
    "Function": "mlinfra.constructs.parts",
    "IdleGuard": "mlinfra.constructs.shutdown",
    "IdleStop": "mlinfra.constructs.shutdown",
    "Image": "mlinfra.declarations",
    "ImageRepository": "mlinfra.constructs.ml_assets",
    "Janitor": "mlinfra.constructs.shutdown",
    "JobWatch": "mlinfra.constructs.shutdown",
    "Lifecycle": "mlinfra.constructs.data_lake",
    "Lustre": "mlinfra.declarations",
    "MlApp": "mlinfra.app",
    "MlStack": "mlinfra.stack",
    "ModelRegistry": "mlinfra.constructs.ml_assets",
    "Network": "mlinfra.constructs.account",
    "NetworkSettings": "mlinfra.constructs.parts",
    "NodeWatch": "mlinfra.constructs.shutdown",
    "ObjectLock": "mlinfra.constructs.data_lake",
    "OnDemand": "mlinfra.declarations",
    "Person": "mlinfra.declarations",
    "Pipeline": "mlinfra.declarations",
    "Platform": "mlinfra.platform",
    "Queue": "mlinfra.declarations",
    "QuietHours": "mlinfra.declarations",
    "QuietSchedule": "mlinfra.constructs.shutdown",
    "RealTime": "mlinfra.declarations",
    "RegisteredModel": "mlinfra.declarations",
    "Replication": "mlinfra.constructs.data_lake",
    "Serverless": "mlinfra.declarations",
    "ServingEndpoint": "mlinfra.constructs.serving",
    "Shutdown": "mlinfra.constructs.shutdown",
    "Space": "mlinfra.declarations",
    "Spot": "mlinfra.declarations",
    "StateStack": "mlinfra.stacks.state",
    "Studio": "mlinfra.constructs.studio",
    "StudioSettings": "mlinfra.declarations",
    "Team": "mlinfra.declarations",
    "TerraformOutput": "mlinfra._cdk",
    "Tracking": "mlinfra.declarations",
    "TrainingCluster": "mlinfra.constructs.training",
    "TrainingQueue": "mlinfra.constructs.training",
    "Variant": "mlinfra.declarations",
    "load_environments": "mlinfra.declarations",
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
    "NetworkSettings",
    "NodeWatch",
    "ObjectLock",
    "OnDemand",
    "Person",
    "Pipeline",
    "Platform",
    "Queue",
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
