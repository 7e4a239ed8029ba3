"""Model endpoint that stays available while its model changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import (
    cloudwatch_log_group,
    iam_role,
    sagemaker_endpoint as endpoints,
    sagemaker_endpoint_configuration,
    sagemaker_model,
    security_group as security_groups,
)
from mlinfra.constructs.parts import allow_out, environment_of
from mlinfra.constructs.serving.alarms import ServingAlarms
from mlinfra.constructs.serving.configuration import serving_configuration
from mlinfra.constructs.serving.deployment import deployment_config
from mlinfra.constructs.serving.locations import ServingLocations
from mlinfra.constructs.serving.models import serving_model
from mlinfra.constructs.serving.role import serving_policy, serving_role
from mlinfra.constructs.serving.scaling import ServingScaling
from mlinfra.constructs.serving.topics import ServingTopics
from mlinfra.declarations import Asynchronous, RealTime, Serverless
from mlinfra.functions.contract import Tag

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.constructs.data_lake import DataLakeAccess
    from mlinfra.constructs.parts import PrivateNetwork
    from mlinfra.declarations import Endpoint, Environment

_LOG_DAYS = 90


class ServingEndpoint(Construct):
    """The models, the configuration and the endpoint, with their role, scaling and alarms.

    The endpoint stays for every change but that of its name: a new model and a new configuration are
    created, the endpoint is updated to them, and only then the old ones are deleted.

        ServingEndpoint(
            self,
            "ranker",
            endpoint=environment.endpoint("ranker"),
            data_lake=platform.data_lake,
            network=platform,
        )
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        endpoint: Endpoint,
        data_lake: DataLakeAccess,
        network: PrivateNetwork,
        environment: Environment | None = None,
    ) -> None:
        """Declare the endpoint.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            endpoint: what serves what, one of the environment's.
            data_lake: where models come from, and where captured requests and results go. It has the zones
                models, raw and processed.
            network: the VPC, the private subnets for instances, and the KMS key for volumes, logs and topics: a
                `Platform`, a `Network` or `NetworkSettings`. Serverless endpoints run in a network of
                SageMaker's. Instance types with local disks encrypt those themselves, and get no key.
            environment: its environment. Default: the environment of the enclosing MlStack.

        Raises:
            ValueError: if the environment does not declare `endpoint`, or the lake lacks a zone.
        """
        environment = environment_of(scope, environment)
        environment.expect_declared_endpoint(endpoint)
        for zone in ("models", "raw", "processed"):
            data_lake.bucket_name(zone)

        super().__init__(scope, id)
        vpc_id, subnet_ids, key_arn = network.vpc_id, network.private_subnet_ids, network.compute_key_arn
        self._environment = environment
        self._declared = endpoint
        self._name = environment.names.endpoint(endpoint)
        self._locations = ServingLocations.of(environment, endpoint)
        self._topics = (
            ServingTopics(self, "topics", name=self._name, key_arn=key_arn)
            if isinstance(endpoint.hosting, Asynchronous)
            else None
        )
        self._log_group = cloudwatch_log_group.CloudwatchLogGroup(
            self,
            "log",
            name=f"/aws/sagemaker/Endpoints/{self._name}",
            retention_in_days=_LOG_DAYS,
            kms_key_id=key_arn,
        )
        self._role = serving_role(self, environment, endpoint)
        policy = serving_policy(
            self,
            self._role,
            environment,
            endpoint,
            lake_key_arn=data_lake.key_arn,
            key_arn=key_arn,
            topic_arns=self._topics.arns if self._topics else (),
        )
        self._security_group = None if isinstance(endpoint.hosting, Serverless) else self._firewall(vpc_id)
        vpc_config = (
            sagemaker_model.SagemakerModelVpcConfig(
                subnets=list(subnet_ids), security_group_ids=[self._security_group.id]
            )
            if self._security_group
            else None
        )
        self._models = {
            variant.name: serving_model(
                self,
                environment,
                endpoint,
                variant,
                role_arn=str(self._role.arn),
                vpc_config=vpc_config,
                depends_on=[policy],
            )
            for variant in endpoint.all_variants
        }
        self._configuration = serving_configuration(
            self,
            environment,
            endpoint,
            model_names={name: str(model.name) for name, model in self._models.items()},
            lake_key_arn=data_lake.key_arn,
            key_arn=key_arn,
            topics=self._topics,
        )
        self._alarms = ServingAlarms(
            self,
            "alarms",
            endpoint=endpoint,
            environment=environment,
            configuration_name=str(self._configuration.name),
        )
        self._endpoint = endpoints.SagemakerEndpoint(
            self,
            "endpoint",
            name=self._name,
            endpoint_config_name=self._configuration.name,
            deployment_config=deployment_config(
                endpoint.blue_green, alarm_names=[str(alarm.alarm_name) for alarm in self._alarms.rolling_back]
            ),
            tags=self._own_tags,
            # An update evaluates the alarms from its first minute. Without the log group, SageMaker creates one
            # without a key. SageMaker reads the alarms with the permissions of the role.
            depends_on=[*self._alarms.rolling_back, self._log_group, policy],
        )
        self._scaling = self._scale()

    @property
    def name(self) -> str:
        """Its name in requests."""
        return self._name

    @property
    def arn(self) -> str:
        """Its ARN. Callers need `sagemaker:InvokeEndpoint` on it."""
        return str(self._endpoint.arn)

    @property
    def role(self) -> iam_role.IamRole:
        """The execution role of its containers."""
        return self._role

    @property
    def endpoint(self) -> endpoints.SagemakerEndpoint:
        """The endpoint itself."""
        return self._endpoint

    @property
    def configuration(self) -> sagemaker_endpoint_configuration.SagemakerEndpointConfiguration:
        """Its configuration."""
        return self._configuration

    @property
    def models(self) -> Mapping[str, sagemaker_model.SagemakerModel]:
        """Its models, by the name of the variant."""
        return dict(self._models)

    @property
    def alarms(self) -> ServingAlarms:
        """Its alarms."""
        return self._alarms

    @property
    def scaling(self) -> Mapping[str, ServingScaling]:
        """The scaling of its variants, by name; empty if the number of instances is fixed."""
        return dict(self._scaling)

    @property
    def topics(self) -> ServingTopics | None:
        """The topics for asynchronous requests. None: it is not asynchronous."""
        return self._topics

    @property
    def locations(self) -> ServingLocations:
        """Its locations in the data lake."""
        return self._locations

    @property
    def _own_tags(self) -> dict[str, str]:
        declared = self._declared
        return {
            Tag.OWNER: declared.owner,
            Tag.AUTO_STOP: "true" if declared.stop_when_unused else "false",
            Tag.UNUSED_DAYS: str(declared.unused_days),
        }

    def _firewall(self, vpc_id: str) -> security_groups.SecurityGroup:
        """A security group without inbound rules: SageMaker reaches the instances by another path."""
        group = security_groups.SecurityGroup(
            self,
            "security-group",
            name=f"{self._name}-endpoint",
            description=f"Instances of the endpoint {self._name}",
            vpc_id=vpc_id,
        )
        allow_out(self, "to-https", group, description="HTTPS to S3 and other services of AWS")
        return group

    def _scale(self) -> dict[str, ServingScaling]:
        hosting = self._declared.hosting
        if isinstance(hosting, Serverless) or (isinstance(hosting, RealTime) and hosting.max_instances is None):
            return {}
        return {
            variant.name: ServingScaling(
                self,
                f"scaling-{variant.name}",
                endpoint=self._endpoint,
                endpoint_name=self._name,
                configuration=self._configuration,
                variant_name=variant.name,
                hosting=hosting,
                tags=self._own_tags,
            )
            for variant in self._declared.variants
        }
