"""Gap: validation of SageMaker requests against the public API model.

moto validates few of them, and some with its own list of instance types, which ends in 2020. AWS validates
every request against the model first: missing members, values outside an enumeration, names with invalid
characters. Source: SageMaker API reference, Common Errors (ValidationException), and the service model in
botocore, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.sagemaker.exceptions import AWSValidationException, SagemakerClientError
from moto.sagemaker.models import (
    Cluster,
    FakeEndpointConfig,
    FakeSagemakerNotebookInstance,
    ModelPackage,
    SageMakerModelBackend,
)
from moto.sagemaker.responses import SageMakerResponse

from mlinfra.local_aws.mechanisms.api_model import violation
from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.core.common_types import TYPE_RESPONSE

_LISTS_OF_INSTANCE_TYPES = (
    (Cluster, "valid_cluster_node_instance_types"),
    (FakeEndpointConfig, "validate_instance_type"),
    (FakeSagemakerNotebookInstance, "validate_instance_type"),
    (ModelPackage, "validate_supported_realtime_inference_instance_types"),
    (ModelPackage, "validate_supported_transform_instance_types"),
)


def is_open() -> bool:
    """True if moto refuses an endpoint on an instance type that its own list lacks."""
    backend = SageMakerModelBackend("us-east-1", "123456789012")
    backend.create_model("model", "role", None, None, None, None)
    variant = {"VariantName": "all", "ModelName": "model", "InstanceType": "ml.g6.xlarge"}
    try:
        backend.create_endpoint_config("config", [variant], {}, {}, [], "")
    except SagemakerClientError:
        return True
    return False


def close() -> None:
    """Close the gap: validate requests against the model only."""
    for owner, name in _LISTS_OF_INSTANCE_TYPES:
        setattr(owner, name, staticmethod(_leave_to_the_model))
    wrap(SageMakerResponse, "call_action", _call_checked)


def _leave_to_the_model(*_: object) -> None:
    """Replace moto's check against its own list of instance types."""


def _call_checked(call: Callable[[SageMakerResponse], TYPE_RESPONSE], response: SageMakerResponse) -> Any:  # noqa: ANN401  moto's own type
    wrong = violation("sagemaker", response._get_action(), response.params)  # noqa: SLF001  moto's way to read the operation
    if wrong is None:
        return call(response)
    error = AWSValidationException(f"1 validation error detected: {wrong}")
    status, headers, body = response.serialized(ActionResult(error))
    headers, body = response._enrich_response({**headers, "status": str(status)}, body)  # noqa: SLF001  as for any answer
    return status, headers, body
