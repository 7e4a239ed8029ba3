"""Gap: SageMaker endpoints.

moto's endpoints are in service immediately, cannot be updated to another configuration, discard their
deployment configuration, and do not report shadow variants, images and data capture. In AWS, an endpoint has
the status Updating during an update, returns the deployment configuration (traffic shifting, alarms for
rollback) as LastDeploymentConfig, and refuses an update that changes the instance type of a variant scaled by
Application Auto Scaling.

In AWS, an update is rolled back to the old configuration if one of its alarms is in the state ALARM during the
deployment: the endpoint has the status RollingBack, then InService. The execution role of the models must have
cloudwatch:DescribeAlarms on these alarms. AWS documents this requirement, but not the error: here the request is
refused.

Source: SageMaker API reference, CreateEndpoint, DescribeEndpoint, UpdateEndpoint, DeleteEndpoint,
UpdateEndpointWeightsAndCapacities, ProductionVariantSummary, read 2026-11-24; developer guide, "Update
endpoints that use auto scaling", read 2026-11-26; "Auto-Rollback Configuration and Monitoring", read 2026-11-29.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.applicationautoscaling.models import applicationautoscaling_backends
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.sagemaker.exceptions import AWSValidationException
from moto.sagemaker.models import SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse
from moto.sagemaker.utils import arn_formatter

from mlinfra.local_aws.gaps.sagemaker.model import without_empty
from mlinfra.local_aws.mechanisms.endpoint_rollback import (
    has_rollback_alarms,
    refuse_unreadable_alarms,
    some_alarm_fires,
)
from mlinfra.local_aws.mechanisms.extending import kept, wrap
from mlinfra.local_aws.mechanisms.sagemaker_resources import answer_operation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Request = Mapping[str, Any]
    Variant = dict[str, Any]
    OfMoto = Callable[[SageMakerResponse], ActionResult]

_AS_CONFIGURED = ("ManagedInstanceScaling", "RoutingConfig")
_OF_A_FLEET = (
    "endpoint_config_name",
    "production_variants",
    "shadow_production_variants",
    "async_inference_config",
    "explainer_config",
    "data_capture_config",
)
"""What an update replaces and a rollback restores."""

_WATCHED = 2
"""The number of descriptions of an endpoint during which an update watches its rollback alarms."""


@dataclass
class _Update:
    """An update of an endpoint: what it replaced, and for how many more descriptions its alarms are watched."""

    before: dict[str, Any]
    rest: int


def is_open() -> bool:
    """True if moto cannot update an endpoint."""
    return not hasattr(SageMakerResponse, "update_endpoint")


def close() -> None:
    """Close the gap: add updates, states and complete descriptions of endpoints."""
    wrap(SageMakerResponse, "create_endpoint", _create)
    wrap(SageMakerResponse, "list_endpoints", _list)
    answer_operation("DescribeEndpoint", _describe)
    answer_operation("UpdateEndpoint", _update)
    answer_operation("DeleteEndpoint", _delete)
    wrap(SageMakerModelBackend, "update_endpoint_weights_and_capacities", _update_weights)


def _create(of_moto: OfMoto, response: SageMakerResponse) -> ActionResult:
    backend, request = response.sagemaker_backend, response.params
    there: Any = backend.endpoints.get(request["EndpointName"])
    if there is not None and there.endpoint_status != "Deleting":
        message = f'Cannot create already existing endpoint "{there.arn}".'
        raise AWSValidationException(message)
    refuse_unreadable_alarms(backend, request)
    answer = of_moto(response)
    endpoint: Any = backend.endpoints[request["EndpointName"]]
    _updates(backend).pop(endpoint.endpoint_name, None)
    endpoint.last_deployment_config = request.get("DeploymentConfig")
    _configure(backend, endpoint, request)
    endpoint.endpoint_status = "Creating"
    return answer


def _describe(response: SageMakerResponse) -> ActionResult:
    endpoint = _found(response)
    answer = without_empty(endpoint.response_object)
    _seen(response.sagemaker_backend, endpoint)
    return ActionResult(answer)


def _list(of_moto: OfMoto, response: SageMakerResponse) -> ActionResult:
    answer = of_moto(response)
    for endpoint in list(response.sagemaker_backend.endpoints.values()):
        _seen(response.sagemaker_backend, endpoint)
    return answer


def _update(response: SageMakerResponse) -> ActionResult:
    endpoint, request = _found(response), response.params
    response.sagemaker_backend.describe_endpoint_config(request["EndpointConfigName"])
    _refuse_another_type_of_what_scales(response.sagemaker_backend, endpoint, request["EndpointConfigName"])
    refuse_unreadable_alarms(response.sagemaker_backend, request)
    if not request.get("RetainDeploymentConfig"):
        endpoint.last_deployment_config = request.get("DeploymentConfig")
    _updates(response.sagemaker_backend)[endpoint.endpoint_name] = _Update(
        before={name: getattr(endpoint, name) for name in _OF_A_FLEET},
        rest=_WATCHED if has_rollback_alarms(endpoint.last_deployment_config) else 0,
    )
    _configure(response.sagemaker_backend, endpoint, request)
    endpoint.endpoint_status, endpoint.last_modified_time = "Updating", utcnow()
    return ActionResult({"EndpointArn": endpoint.arn})


def _refuse_another_type_of_what_scales(
    backend: SageMakerModelBackend,
    endpoint: Any,  # noqa: ANN401
    new: str,
) -> None:
    before, after = (_instance_types(backend, name) for name in (endpoint.endpoint_config_name, new))
    scaling = applicationautoscaling_backends[backend.account_id][backend.region_name]
    scaled = scaling.targets.get("sagemaker:variant:DesiredInstanceCount", {})
    for variant, instance_type in after.items():
        resource = f"endpoint/{endpoint.endpoint_name}/variant/{variant}"
        if resource in scaled and before.get(variant, instance_type) != instance_type:
            message = f'The variant "{variant}" is a scalable target: deregister it before its instance type changes.'
            raise AWSValidationException(message)


def _instance_types(backend: SageMakerModelBackend, config_name: str) -> dict[str, str | None]:
    """Instance types by variant; empty if the configuration has been deleted."""
    config = backend.endpoint_configs.get(config_name)
    return {each["VariantName"]: each.get("InstanceType") for each in config.production_variants} if config else {}


def _delete(response: SageMakerResponse) -> ActionResult:
    _found(response).endpoint_status = "Deleting"
    return EmptyResult()


def _update_weights(
    of_moto: Callable[..., str],
    backend: SageMakerModelBackend,
    endpoint_name: str,
    desired_weights_and_capacities: list[Variant],
) -> str:
    """Keep the members that a request does not name, which moto discards."""
    endpoint = backend.endpoints.get(endpoint_name)
    now = {each["VariantName"]: each for each in (endpoint.production_variants if endpoint else [])}
    kept_where_unnamed = [
        {
            **{name: value for name, value in now.get(each["VariantName"], {}).items() if name.startswith("Desired")},
            **each,
        }
        for each in desired_weights_and_capacities
    ]
    arn = of_moto(backend, endpoint_name, kept_where_unnamed)
    backend.endpoints[endpoint_name].endpoint_status = "Updating"
    return arn


def _found(response: SageMakerResponse) -> Any:  # noqa: ANN401  gaps add attributes to moto's endpoints
    backend, name = response.sagemaker_backend, response.params["EndpointName"]
    if name not in backend.endpoints:
        arn = arn_formatter("endpoint", name, backend.account_id, backend.region_name)
        message = f'Could not find endpoint "{arn}".'
        raise AWSValidationException(message)
    return backend.endpoints[name]


def _seen(backend: SageMakerModelBackend, endpoint: Any) -> None:  # noqa: ANN401
    """Change a transitional status to the next after it was described."""
    if endpoint.endpoint_status == "Deleting":
        del backend.endpoints[endpoint.endpoint_name]
    elif endpoint.endpoint_status in {"Creating", "Updating", "RollingBack"}:
        update = _updates(backend).get(endpoint.endpoint_name)
        if update is None or not update.rest:
            endpoint.endpoint_status = "InService"
        elif some_alarm_fires(backend, endpoint.last_deployment_config):
            vars(endpoint).update(update.before)
            endpoint.endpoint_status, update.rest = "RollingBack", 0
        else:
            update.rest -= 1
            endpoint.endpoint_status = "Updating" if update.rest else "InService"


def _updates(backend: SageMakerModelBackend) -> dict[str, _Update]:
    """The last update of each endpoint, by the endpoint's name."""
    return kept(backend, "updates of endpoints", dict)


def _configure(backend: SageMakerModelBackend, endpoint: Any, request: Request) -> None:  # noqa: ANN401
    config: Any = backend.endpoint_configs[request["EndpointConfigName"]]
    before = {each["VariantName"]: each for each in endpoint.production_variants}
    if not request.get("RetainAllVariantProperties"):
        before = {}
    excluded = {each["VariantPropertyType"] for each in request.get("ExcludeRetainedVariantProperties") or []}
    endpoint.endpoint_config_name = config.endpoint_config_name
    endpoint.production_variants = [
        _summary(backend, each, _retained(before.get(each["VariantName"], {}), excluded))
        for each in config.production_variants
    ]
    shadows = getattr(config, "shadow_production_variants", None) or []
    endpoint.shadow_production_variants = [_summary(backend, each, {}) for each in shadows]
    endpoint.async_inference_config = config.async_inference_config
    endpoint.explainer_config = getattr(config, "explainer_config", None)
    endpoint.data_capture_config = _capturing(config.data_capture_config)


def _retained(variant: Variant, excluded: set[str]) -> Variant:
    """Properties of a variant that an update with retained variant properties keeps."""
    kept = {"DesiredInstanceCount", "DesiredWeight"} - excluded
    return {name: value for name, value in variant.items() if name.replace("Current", "Desired") in kept}


def _summary(backend: SageMakerModelBackend, variant: Variant, retained: Variant) -> Variant:
    """A variant as described by an endpoint, from its configuration."""
    now = {
        "Weight": variant.get("InitialVariantWeight", 1.0),
        "InstanceCount": variant.get("InitialInstanceCount"),
        "ServerlessConfig": variant.get("ServerlessConfig"),
    }
    summary = {f"{when}{what}": value for what, value in now.items() for when in ("Current", "Desired")}
    summary |= {name: variant.get(name) for name in _AS_CONFIGURED}
    summary["DeployedImages"] = _images(backend, variant.get("ModelName"))
    return without_empty({"VariantName": variant["VariantName"], **summary, **retained})


def _images(backend: SageMakerModelBackend, model_name: str | None) -> list[dict[str, Any]]:
    model = backend._models.get(model_name or "")  # noqa: SLF001  where moto keeps them
    if model is None:
        return []
    containers = [*model.containers, *([model.primary_container] if model.primary_container else [])]
    images = [each["Image"] for each in containers if each.get("Image")]
    return [{"SpecifiedImage": each, "ResolvedImage": each, "ResolutionTime": model.creation_time} for each in images]


def _capturing(configured: Mapping[str, Any]) -> dict[str, Any]:
    """Data capture as described by an endpoint."""
    if not configured:
        return {}
    is_on = bool(configured.get("EnableCapture"))
    return {
        "EnableCapture": is_on,
        "CaptureStatus": "Started" if is_on else "Stopped",
        "CurrentSamplingPercentage": configured["InitialSamplingPercentage"],
        "DestinationS3Uri": configured["DestinationS3Uri"],
        "KmsKeyId": configured.get("KmsKeyId", ""),
    }
