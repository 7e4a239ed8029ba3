"""Stack of the data lake and of the resources stored in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.constructs.data_lake import DataCatalog, DataLake
from mlinfra.constructs.ml_assets import ExperimentTracking, FeatureStore, ModelRegistry
from mlinfra.platform import hand_over
from mlinfra.stack import MlStack

if TYPE_CHECKING:
    from mlinfra._cdk import App
    from mlinfra.declarations import Environment


class DataStack(MlStack):
    """The data lake, and the declared models, feature groups and tracking server of the environment."""

    def __init__(self, scope: App, environment: Environment) -> None:
        """Declare the stack for `environment`."""
        super().__init__(scope, environment, "data")
        settings = environment.data_lake
        self.data_lake = DataLake(
            self,
            "data-lake",
            events=settings.events,
            inventory=settings.inventory,
            catalog=DataCatalog(scan_limit_gib=settings.scan_limit_gib) if settings.scan_limit_gib else None,
            trusted_account_ids=settings.trusted_account_ids,
        )
        hand_over(self, {"data-lake-key-arn": self.data_lake.key_arn})
        if environment.models:
            self.model_registry = ModelRegistry(self, "model-registry")
        if environment.feature_groups:
            self.feature_store = FeatureStore(self, "feature-store", data_lake=self.data_lake)
        if environment.tracking:
            self.tracking = ExperimentTracking(self, "tracking", data_lake=self.data_lake)
