"""Gap: SageMaker endpoint configurations.

moto keeps four members of a configuration: production variants, data capture, asynchronous inference and the
key. It returns an empty data capture if none was given, replaces a configuration of the same name, and
requires a model in every variant. In AWS, all settings are kept, including shadow variants, explainer, VPC
and role, and variants without a model serve inference components. Source: SageMaker API reference,
CreateEndpointConfig, DescribeEndpointConfig, ProductionVariant, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores
from moto.sagemaker.exceptions import AWSValidationException
from moto.sagemaker.models import SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse

from mlinfra.local_aws.gaps.sagemaker.model import without_empty
from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    OfMoto = Callable[[SageMakerResponse], ActionResult]
    Variants = list[dict[str, Any]]

_ALSO_KEPT = (
    "CrossRegionTrafficConfig",
    "EnableNetworkIsolation",
    "ExecutionRoleArn",
    "ExplainerConfig",
    "MetricsConfig",
    "ShadowProductionVariants",
    "VpcConfig",
)


def is_open() -> bool:
    """True if moto returns an empty data capture."""
    backend = SageMakerModelBackend("us-east-1", "123456789012")
    serverless = {"VariantName": "all", "ModelName": "m", "ServerlessConfig": {"MemorySizeInMB": 1024}}
    backend.create_model("m", "role", None, None, None, None)
    config = backend.create_endpoint_config("config", [serverless], {}, {}, [], "")
    return "DataCaptureConfig" in config.response_object


def close() -> None:
    """Close the gap: keep endpoint configurations as requested."""
    wrap(SageMakerResponse, "describe_endpoint_config", _describe)
    wrap(SageMakerResponse, "create_endpoint_config", _create)
    wrap(SageMakerModelBackend, "validate_production_variants", _validate)


def _create(of_moto: OfMoto, response: SageMakerResponse) -> ActionResult:
    backend, request = response.sagemaker_backend, response.params
    name, shadows = request["EndpointConfigName"], request.get("ShadowProductionVariants") or []
    if name in backend.endpoint_configs:
        arn = backend.endpoint_configs[name].endpoint_config_arn
        message = f'Cannot create already existing endpoint configuration "{arn}".'
        raise AWSValidationException(message)
    names = [each["VariantName"] for each in [*request["ProductionVariants"], *shadows]]
    if len(names) != len(set(names)):
        message = f"Variant names must be unique: {', '.join(names)}."
        raise AWSValidationException(message)
    backend.validate_production_variants(shadows)
    answer = of_moto(response)
    config: Any = backend.endpoint_configs[name]
    config.arn = config.endpoint_config_arn
    for member in _ALSO_KEPT:
        setattr(config, camelcase_to_underscores(member), request.get(member))
    return answer


def _describe(of_moto: OfMoto, response: SageMakerResponse) -> ActionResult:
    description: Any = of_moto(response).result
    return ActionResult(without_empty(description))


def _validate(of_moto: Callable[..., None], backend: SageMakerModelBackend, variants: Variants) -> None:
    of_moto(backend, [each for each in variants if each.get("ModelName")])
