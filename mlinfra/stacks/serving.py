"""Stack of the model endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.constructs.serving import ServingEndpoint, UnusedEndpoints
from mlinfra.platform import Platform
from mlinfra.stack import MlStack

if TYPE_CHECKING:
    from mlinfra._cdk import App
    from mlinfra.declarations import Environment


class ServingStack(MlStack):
    """The declared endpoints of the environment, and the detection of unused ones."""

    def __init__(self, scope: App, environment: Environment) -> None:
        """Declare the stack for `environment`."""
        super().__init__(scope, environment, "serving")
        platform = Platform.lookup(self)
        self.watch = UnusedEndpoints(self, "watch", key_arn=platform.compute_key_arn)
        self.endpoints = {
            endpoint.name: ServingEndpoint(
                self,
                f"endpoint-{endpoint.name}",
                endpoint=endpoint,
                data_lake=platform.data_lake,
                network=platform,
            )
            for endpoint in environment.endpoints
        }
