"""From raw data to a served model in one stack. This folder is a complete project that can be copied.

mlinfra local up && eval "$(mlinfra local env)"
mlinfra bootstrap local
mlinfra up local
"""

from __future__ import annotations

import os
from pathlib import Path

from mlinfra import (
    DataLake,
    EncryptionKey,
    Environment,
    FeatureStore,
    ImageRepository,
    MlApp,
    MlStack,
    ModelRegistry,
    Network,
    ServingEndpoint,
    StateStack,
    Studio,
    load_environments,
    problems_without_traceback,
)

ROOT = Path(__file__).resolve().parent


class RankerStack(MlStack):
    """A network, a lake, features, notebooks, a registry, images, and an endpoint."""

    def __init__(self, scope: MlApp, environment: Environment) -> None:
        """Declare the stack for `environment`."""
        super().__init__(scope, environment, "ranker")
        key = EncryptionKey(
            self,
            "key",
            name=environment.names.prefix,
            description="Encrypts volumes, images and logs.",
            services=["ec2", "logs"],
        )
        network = Network(self, "network", compute_key_arn=key.arn)
        lake = DataLake(self, "lake")
        features = FeatureStore(self, "features", data_lake=lake)
        registry = ModelRegistry(self, "registry", key_arn=key.arn)
        images = ImageRepository(self, "images", name="ranker", key_arn=key.arn)
        studio = Studio(self, "studio", network=network)
        ServingEndpoint(self, "endpoint", endpoint=environment.endpoint("ranker"), data_lake=lake, network=network)

        people = studio.team("ranking")
        lake.grant_read(people, zones=["raw", "features"])
        lake.grant_read_write(people, zones=["models"], prefix="ranker/")
        features.grant_read(people)
        registry.grant_register(people, models=["ranker"])
        images.grant_push(people)


with problems_without_traceback():
    app = MlApp(ROOT)
    for environment in load_environments(ROOT, only=os.environ.get("MLINFRA_ENV")):
        state = StateStack(app, environment)
        RankerStack(app, environment).add_dependency(state)
    app.synth()
