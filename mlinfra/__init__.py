"""Infrastructure for machine learning teams on AWS, as Python classes.

The public names, each imported when first used: a program that only reads environments never
loads cdktf.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlinfra.catalog.images import Image
    from mlinfra.constructs.data_lake import DataLake
    from mlinfra.constructs.encryption_key import EncryptionKey
    from mlinfra.constructs.lifecycle import Lifecycle
    from mlinfra.constructs.network import Network
    from mlinfra.constructs.training_cluster import TrainingCluster
    from mlinfra.declaration import DeclarationError
    from mlinfra.declared import load_environments
    from mlinfra.environment import Environment
    from mlinfra.experiment import Experiment, Lustre
    from mlinfra.platform import Platform
    from mlinfra.purchase import CapacityBlock, CapacityReservation, OnDemand, Spot
    from mlinfra.quiet_hours import QuietHours
    from mlinfra.stack import MlStack

_HOMES = {
    "CapacityBlock": "mlinfra.purchase",
    "CapacityReservation": "mlinfra.purchase",
    "DataLake": "mlinfra.constructs.data_lake",
    "DeclarationError": "mlinfra.declaration",
    "EncryptionKey": "mlinfra.constructs.encryption_key",
    "Environment": "mlinfra.environment",
    "Experiment": "mlinfra.experiment",
    "Image": "mlinfra.catalog.images",
    "Lifecycle": "mlinfra.constructs.lifecycle",
    "Lustre": "mlinfra.experiment",
    "MlStack": "mlinfra.stack",
    "Network": "mlinfra.constructs.network",
    "OnDemand": "mlinfra.purchase",
    "Platform": "mlinfra.platform",
    "QuietHours": "mlinfra.quiet_hours",
    "Spot": "mlinfra.purchase",
    "TrainingCluster": "mlinfra.constructs.training_cluster",
    "load_environments": "mlinfra.declared",
}

__all__ = [
    "CapacityBlock",
    "CapacityReservation",
    "DataLake",
    "DeclarationError",
    "EncryptionKey",
    "Environment",
    "Experiment",
    "Image",
    "Lifecycle",
    "Lustre",
    "MlStack",
    "Network",
    "OnDemand",
    "Platform",
    "QuietHours",
    "Spot",
    "TrainingCluster",
    "load_environments",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
