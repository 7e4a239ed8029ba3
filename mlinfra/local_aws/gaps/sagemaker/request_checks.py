"""Requests to SageMaker that its public API model forbids.

moto looks at few of them, and at some with lists of its own that know no instance type since 2020.
AWS checks every request against the model before anything else: members that are missing, values
that no enumeration has, names of the wrong form. Source: SageMaker API reference, Common Errors
(ValidationException), and the service model in botocore, read 2026-11-24.
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
    """Whether moto still refuses an endpoint on an instance type that its own list does not know."""
    backend = SageMakerModelBackend("us-east-1", "123456789012")
    backend.create_model("model", "role", None, None, None, None)
    variant = {"VariantName": "all", "ModelName": "model", "InstanceType": "ml.g6.xlarge"}
    try:
        backend.create_endpoint_config("config", [variant], {}, {}, [], "")
    except SagemakerClientError:
        return True
    return False


def close() -> None:
    """Check requests against the model, and against it alone."""
    for owner, name in _LISTS_OF_INSTANCE_TYPES:
        setattr(owner, name, staticmethod(_leave_to_the_model))
    wrap(SageMakerResponse, "call_action", _call_checked)


def _leave_to_the_model(*_: object) -> None:
    """What moto's own list of instance types would have checked."""


def _call_checked(call: Callable[[SageMakerResponse], TYPE_RESPONSE], response: SageMakerResponse) -> Any:  # noqa: ANN401  moto's own type
    wrong = violation("sagemaker", response._get_action(), response.params)  # noqa: SLF001  moto's way to ask
    if wrong is None:
        return call(response)
    error = AWSValidationException(f"1 validation error detected: {wrong}")
    status, headers, body = response.serialized(ActionResult(error))
    headers, body = response._enrich_response({**headers, "status": str(status)}, body)  # noqa: SLF001  as for any answer
    return status, headers, body
