"""Values that the platform's stacks publish for other stacks and projects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct, Fn
from mlinfra._cdk.aws import data_aws_ssm_parameter, ssm_parameter
from mlinfra.constructs.data_lake import DataLakeAccess
from mlinfra.constructs.ml_assets import (
    ExperimentTrackingAccess,
    FeatureStoreAccess,
    ImageRepositoryAccess,
    ModelRegistryAccess,
)
from mlinfra.constructs.parts import SHUTDOWN_COMPONENT, SHUTDOWN_PARAMETER, environment_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlinfra.declarations import Environment
    from mlinfra.stack import MlStack


def hand_over(stack: MlStack, values: Mapping[str, str | Sequence[str]]) -> None:
    """Write `values` as SSM parameters of the stack's component, for `Platform.lookup` to read.

    Args:
        stack: the stack that publishes the values.
        values: texts, or lists of texts, by name.
    """
    for name, value in values.items():
        ssm_parameter.SsmParameter(
            stack,
            f"parameter-{name}",
            name=stack.environment.names.parameter(stack.component, name),
            description=f"Read by mlinfra's Platform.lookup: {name} of {stack.node.id}.",
            type="String" if isinstance(value, str) else "StringList",
            value=value if isinstance(value, str) else Fn.join(",", list(value)),
        )


class Platform(Construct):
    """The deployed platform of an environment, by lookup: network, key, data lake, models, features and images.

    Values are read at plan time from the SSM parameters that the platform's stacks write, and only those that are
    used. Values that can be computed, such as bucket names, are not looked up.
    """

    @classmethod
    def lookup(cls, scope: Construct, environment: Environment | None = None) -> Platform:
        """The platform of `environment`.

        Args:
            scope: the construct that uses the platform.
            environment: the environment of the platform. Default: that of the enclosing MlStack.
        """
        return cls(scope, "platform", environment=environment)

    def __init__(self, scope: Construct, id: str, *, environment: Environment | None = None) -> None:  # noqa: A002
        """Refer to the platform. `Platform.lookup` uses the standard id."""
        self._environment = environment_of(scope, environment)
        super().__init__(scope, id)

    @property
    def vpc_id(self) -> str:
        """The VPC's id."""
        return self._value("foundation", "vpc-id")

    @property
    def private_subnet_ids(self) -> list[str]:
        """The private subnets' ids."""
        return list(Fn.split(",", self._value("foundation", "private-subnet-ids")))

    @property
    def compute_key_arn(self) -> str:
        """The ARN of the KMS key for volumes."""
        return self._value("foundation", "compute-key-arn")

    @property
    def shutdown_table(self) -> str:
        """The table of the deployed `Shutdown`. The plan fails if the environment has none."""
        return self._value(SHUTDOWN_COMPONENT, SHUTDOWN_PARAMETER)

    @property
    def studio_domain_id(self) -> str:
        """The id of the environment's SageMaker domain."""
        return self._value("studio", "domain-id")

    @property
    def data_lake(self) -> DataLakeAccess:
        """The data lake, to grant access to."""
        known = self.node.try_find_child("data-lake")
        if isinstance(known, DataLakeAccess):
            return known
        key_arn = self._value("data", "data-lake-key-arn")
        return DataLakeAccess(self, "data-lake", key_arn=key_arn, environment=self._environment)

    @property
    def model_registry(self) -> ModelRegistryAccess:
        """The registered models, to grant access to and to subscribe to approvals.

        Raises:
            ValueError: the environment declares no model.
        """
        known = self.node.try_find_child("model-registry")
        if isinstance(known, ModelRegistryAccess):
            return known
        return ModelRegistryAccess(self, "model-registry", environment=self._environment)

    @property
    def feature_store(self) -> FeatureStoreAccess:
        """The feature groups, to grant access to.

        Raises:
            ValueError: the environment declares no feature group.
        """
        known = self.node.try_find_child("feature-store")
        if isinstance(known, FeatureStoreAccess):
            return known
        return FeatureStoreAccess(self, "feature-store", data_lake=self.data_lake, environment=self._environment)

    @property
    def experiment_tracking(self) -> ExperimentTrackingAccess:
        """The MLflow tracking server, to grant access to.

        Raises:
            ValueError: the environment declares no tracking server.
        """
        known = self.node.try_find_child("tracking")
        if isinstance(known, ExperimentTrackingAccess):
            return known
        return ExperimentTrackingAccess(self, "tracking", data_lake=self.data_lake, environment=self._environment)

    def image_repository(self, name: str) -> ImageRepositoryAccess:
        """The image repository `name`, to tag images with and to grant access to.

        Args:
            name: one of the environment's `image_repositories`.

        Raises:
            ValueError: the environment declares no such repository.
        """
        known = self.node.try_find_child(f"images-{name}")
        if isinstance(known, ImageRepositoryAccess):
            return known
        return ImageRepositoryAccess(self, f"images-{name}", name=name, environment=self._environment)

    def _value(self, component: str, name: str) -> str:
        id_ = f"{component}-{name}"
        known = self.node.try_find_child(id_)
        if not isinstance(known, data_aws_ssm_parameter.DataAwsSsmParameter):
            parameter = self._environment.names.parameter(component, name)
            known = data_aws_ssm_parameter.DataAwsSsmParameter(self, id_, name=parameter)
        # Its `value` is sensitive, which would hide every plan that uses it.
        return str(known.insecure_value)
