"""The configuration of an endpoint: which models, on what, and what of the requests is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import TerraformResourceLifecycle
from mlinfra._cdk.aws import sagemaker_endpoint_configuration as configurations
from mlinfra.catalog import has_local_disks
from mlinfra.constructs.serving.locations import ServingLocations
from mlinfra.declarations import Asynchronous, Serverless

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra._cdk import Construct
    from mlinfra.constructs.serving.topics import ServingTopics
    from mlinfra.declarations import Endpoint, Environment, Variant

_LONGEST_PREFIX = 37
"""Terraform adds 26 characters to it, and SageMaker takes 63."""


def serving_configuration(
    scope: Construct,
    environment: Environment,
    endpoint: Endpoint,
    *,
    model_names: Mapping[str, str],
    lake_key_arn: str,
    key_arn: str,
    topics: ServingTopics | None,
) -> configurations.SagemakerEndpointConfiguration:
    """The configuration of `endpoint`.

    It cannot be changed, so a new one is created under a new name before the old one is deleted: an
    endpoint always needs a configuration.

    Args:
        scope: the endpoint's construct.
        environment: its environment.
        endpoint: its declaration.
        model_names: the name of the model of each variant, the shadow included.
        lake_key_arn: the key of the data lake.
        key_arn: the key of volumes.
        topics: the topics for asynchronous requests.
    """
    locations = ServingLocations.of(environment, endpoint)
    return configurations.SagemakerEndpointConfiguration(
        scope,
        "configuration",
        name_prefix=configuration_prefix(environment, endpoint),
        kms_key_arn=key_arn if _has_volumes(endpoint) else None,
        production_variants=[_variant(endpoint, each, model_names[each.name]) for each in endpoint.variants],
        shadow_production_variants=(
            [_shadow(endpoint, endpoint.shadow, model_names[endpoint.shadow.name])] if endpoint.shadow else None
        ),
        data_capture_config=_capture(endpoint, locations, lake_key_arn),
        async_inference_config=_asynchronous(endpoint, locations, lake_key_arn, topics),
        lifecycle=TerraformResourceLifecycle(create_before_destroy=True),
    )


def configuration_prefix(environment: Environment, endpoint: Endpoint) -> str:
    """The beginning of the names of the endpoint's configurations."""
    return f"{environment.names.endpoint(endpoint)[: _LONGEST_PREFIX - 1].rstrip('-')}-"


def _has_volumes(endpoint: Endpoint) -> bool:
    # Instances encrypt their local disks themselves. What a key beside them does depends on the edition of SageMaker's
    # API reference (CreateEndpointConfig): the call fails, or only other volumes are encrypted with it (botocore
    # 1.44.8, read 2026-11-26). Without a key, either is right.
    return not isinstance(endpoint.hosting, Serverless) and not has_local_disks(endpoint.hosting.instance_type)


def _variant(
    endpoint: Endpoint, variant: Variant, model_name: str
) -> configurations.SagemakerEndpointConfigurationProductionVariants:
    hosting = endpoint.hosting
    if isinstance(hosting, Serverless):
        return configurations.SagemakerEndpointConfigurationProductionVariants(
            variant_name=variant.name,
            model_name=model_name,
            serverless_config=configurations.SagemakerEndpointConfigurationProductionVariantsServerlessConfig(
                memory_size_in_mb=hosting.memory_mib,
                max_concurrency=hosting.max_concurrency,
                provisioned_concurrency=hosting.provisioned_concurrency,
            ),
        )
    return configurations.SagemakerEndpointConfigurationProductionVariants(
        variant_name=variant.name,
        model_name=model_name,
        instance_type=hosting.instance_type,
        initial_instance_count=hosting.instances,
        initial_variant_weight=variant.weight,
        container_startup_health_check_timeout_in_seconds=hosting.startup_seconds,
        model_data_download_timeout_in_seconds=hosting.download_seconds,
    )


def _shadow(
    endpoint: Endpoint, variant: Variant, model_name: str
) -> configurations.SagemakerEndpointConfigurationShadowProductionVariants:
    hosting = endpoint.hosting
    assert not isinstance(hosting, Serverless)  # noqa: S101  refused where it was declared
    return configurations.SagemakerEndpointConfigurationShadowProductionVariants(
        variant_name=variant.name,
        model_name=model_name,
        instance_type=hosting.instance_type,
        initial_instance_count=hosting.instances,
        initial_variant_weight=variant.weight,
        container_startup_health_check_timeout_in_seconds=hosting.startup_seconds,
        model_data_download_timeout_in_seconds=hosting.download_seconds,
    )


def _capture(
    endpoint: Endpoint, locations: ServingLocations, lake_key_arn: str
) -> configurations.SagemakerEndpointConfigurationDataCaptureConfig | None:
    if endpoint.capture_percent is None:
        return None
    return configurations.SagemakerEndpointConfigurationDataCaptureConfig(
        enable_capture=True,
        initial_sampling_percentage=endpoint.capture_percent,
        destination_s3_uri=locations.captured,
        kms_key_id=lake_key_arn,
        capture_options=[
            configurations.SagemakerEndpointConfigurationDataCaptureConfigCaptureOptions(capture_mode=mode)
            for mode in ("Input", "Output")
        ],
        # All else is written as base64.
        capture_content_type_header=(
            configurations.SagemakerEndpointConfigurationDataCaptureConfigCaptureContentTypeHeader(
                json_content_types=["application/json"], csv_content_types=["text/csv"]
            )
        ),
    )


def _asynchronous(
    endpoint: Endpoint, locations: ServingLocations, lake_key_arn: str, topics: ServingTopics | None
) -> configurations.SagemakerEndpointConfigurationAsyncInferenceConfig | None:
    if not isinstance(endpoint.hosting, Asynchronous):
        return None
    output = configurations.SagemakerEndpointConfigurationAsyncInferenceConfigOutputConfig(
        s3_output_path=locations.results,
        s3_failure_path=locations.failures,
        kms_key_id=lake_key_arn,
        notification_config=(
            configurations.SagemakerEndpointConfigurationAsyncInferenceConfigOutputConfigNotificationConfig(
                success_topic=topics.success_arn, error_topic=topics.error_arn
            )
            if topics
            else None
        ),
    )
    at_a_time = endpoint.hosting.requests_at_a_time
    return configurations.SagemakerEndpointConfigurationAsyncInferenceConfig(
        output_config=output,
        client_config=(
            configurations.SagemakerEndpointConfigurationAsyncInferenceConfigClientConfig(
                max_concurrent_invocations_per_instance=at_a_time
            )
            if at_a_time
            else None
        ),
    )
