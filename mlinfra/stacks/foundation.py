"""Stack of the resources that all other stacks of an environment use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.constructs.account import CiRoles, Network
from mlinfra.constructs.ml_assets import ImageRepository
from mlinfra.constructs.parts import Alerts, EncryptionKey
from mlinfra.platform import hand_over
from mlinfra.stack import MlStack

if TYPE_CHECKING:
    from mlinfra._cdk import App
    from mlinfra.declarations import Environment


class FoundationStack(MlStack):
    """The network, a key for volumes, images and logs, image repositories, the alert topic and the pipeline's roles."""

    def __init__(self, scope: App, environment: Environment) -> None:
        """Declare the stack for `environment`."""
        super().__init__(scope, environment, "foundation")
        self.key = EncryptionKey(
            self,
            "compute-key",
            name=f"{environment.names.prefix}-compute",
            description=f"Encrypts volumes, images and logs of {environment.names.prefix}.",
            services=["ec2", "logs"],
        )
        self.network = Network(self, "network", compute_key_arn=self.key.arn)
        self.alerts = Alerts(self, "alerts")
        self.image_repositories = {
            name: ImageRepository(self, f"images-{name}", name=name, key_arn=self.key.arn)
            for name in environment.image_repositories
        }
        self.ci_roles = CiRoles(self, "ci-roles") if environment.pipeline else None
        hand_over(
            self,
            {
                "vpc-id": self.network.vpc_id,
                "private-subnet-ids": self.network.private_subnet_ids,
                "compute-key-arn": self.key.arn,
            },
        )
