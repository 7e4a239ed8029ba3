"""Where an environment's data lives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra.constructs.data_lake import DataLake
from mlinfra.platform import hand_over
from mlinfra.stack import MlStack

if TYPE_CHECKING:
    from mlinfra._cdk import App
    from mlinfra.environment import Environment


class DataStack(MlStack):
    """The data lake."""

    def __init__(self, scope: App, environment: Environment) -> None:
        """Declare the stack for `environment`."""
        super().__init__(scope, environment, "data")
        self.data_lake = DataLake(self, "data-lake")
        hand_over(self, {"data-lake-key-arn": self.data_lake.key_arn})
