"""Assets of the ML life cycle: model registry, feature store, experiment tracking, image repositories."""

from __future__ import annotations

from mlinfra.constructs.ml_assets.experiment_tracking import ExperimentTracking, ExperimentTrackingAccess
from mlinfra.constructs.ml_assets.feature_store import FeatureStore, FeatureStoreAccess
from mlinfra.constructs.ml_assets.image_repository import ImageRepository, ImageRepositoryAccess
from mlinfra.constructs.ml_assets.model_registry import ModelRegistry, ModelRegistryAccess

__all__ = [
    "ExperimentTracking",
    "ExperimentTrackingAccess",
    "FeatureStore",
    "FeatureStoreAccess",
    "ImageRepository",
    "ImageRepositoryAccess",
    "ModelRegistry",
    "ModelRegistryAccess",
]
