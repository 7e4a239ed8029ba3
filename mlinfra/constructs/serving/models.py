"""SageMaker models, each with a name that ends in a digest of its settings."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from mlinfra._cdk import Fn, TerraformResourceLifecycle
from mlinfra._cdk.aws import sagemaker_model
from mlinfra.constructs.serving.locations import ServingLocations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra._cdk import Construct, ITerraformDependable
    from mlinfra.declarations import Endpoint, Environment, Variant

_LONGEST_NAME = 63
_DIGITS = 10


def serving_model(
    scope: Construct,
    environment: Environment,
    endpoint: Endpoint,
    variant: Variant,
    *,
    role_arn: str,
    vpc_config: sagemaker_model.SagemakerModelVpcConfig | None,
    depends_on: Sequence[ITerraformDependable],
) -> sagemaker_model.SagemakerModel:
    """The model of `variant`.

    SageMaker does not change models: another image needs another model. Both exist while traffic is shifted, so that
    the new model needs another name. It ends in a digest of the settings of the model. Terraform computes the digest,
    because some settings are known only when it runs.

    Args:
        scope: the endpoint's construct.
        environment: its environment.
        endpoint: the endpoint of the model.
        variant: the variant of the endpoint, with its image and data.
        role_arn: the execution role of the model.
        vpc_config: its subnets and security groups. None: SageMaker's own network.
        depends_on: the policies of the role, which SageMaker checks when it creates the model.
    """
    # cdktf does not escape text inside an expression: of the known settings it contains only their digest.
    known = json.dumps([variant.model_dump(exclude={"weight"}), endpoint.is_isolated], sort_keys=True)
    contents: list[str | list[str]] = [hashlib.sha256(known.encode()).hexdigest(), role_arn]
    if vpc_config:
        contents += [vpc_config.subnets, vpc_config.security_group_ids]
    digest = Fn.substr(Fn.sha256(Fn.jsonencode(contents)), 0, _DIGITS)
    readable = f"{environment.names.endpoint(endpoint)}-{variant.name}"[: _LONGEST_NAME - _DIGITS - 1].rstrip("-")
    return sagemaker_model.SagemakerModel(
        scope,
        f"model-{variant.name}",
        name=f"{readable}-{digest}",
        execution_role_arn=role_arn,
        enable_network_isolation=True if endpoint.is_isolated else None,
        primary_container=_container(environment, ServingLocations.of(environment, endpoint).models, variant),
        vpc_config=vpc_config,
        depends_on=list(depends_on),
        lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
    )


def _container(
    environment: Environment, bucket: str, variant: Variant
) -> sagemaker_model.SagemakerModelPrimaryContainer:
    uri = f"s3://{bucket}/{variant.model_data}" if variant.model_data else None
    unpacked = uri is not None and uri.endswith("/")
    return sagemaker_model.SagemakerModelPrimaryContainer(
        image=environment.names.image_uri(variant.image),
        environment=dict(variant.variables) or None,
        model_data_url=None if unpacked else uri,
        model_data_source=_files(uri) if unpacked and uri else None,
    )


def _files(uri: str) -> sagemaker_model.SagemakerModelPrimaryContainerModelDataSource:
    source = sagemaker_model.SagemakerModelPrimaryContainerModelDataSourceS3DataSource(
        s3_uri=uri, s3_data_type="S3Prefix", compression_type="None"
    )
    return sagemaker_model.SagemakerModelPrimaryContainerModelDataSource(s3_data_source=[source])
