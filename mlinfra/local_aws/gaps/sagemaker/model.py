"""Gap: SageMaker models.

moto returns empty containers and an empty VPC if a model has none, which a plan takes for a change, discards
the inference execution and network isolation settings, replaces a model of the same name, and ignores pages.
In AWS, a model is described with exactly the settings given, and its name is unique. Source: SageMaker API
reference, CreateModel, DescribeModel, ListModels, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.sagemaker.exceptions import AWSValidationException
from moto.sagemaker.models import Model, SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse

from mlinfra.local_aws.mechanisms.extending import wrap
from mlinfra.local_aws.mechanisms.sagemaker_listing import listed
from mlinfra.local_aws.mechanisms.sagemaker_resources import answer_operation

if TYPE_CHECKING:
    from collections.abc import Callable


def is_open() -> bool:
    """True if moto returns an empty VPC."""
    backend = SageMakerModelBackend("us-east-1", "123456789012")
    return "VpcConfig" in backend.create_model("model", "role", None, None, None, None).response_object


def close() -> None:
    """Close the gap: keep models as requested, and list them in pages."""
    Model.response_object = property(_without_empty(Model.response_object.fget))  # type: ignore[method-assign, assignment, attr-defined]
    wrap(SageMakerResponse, "create_model", _create)
    answer_operation("ListModels", _list)


def without_empty(description: dict[str, Any]) -> dict[str, Any]:
    """A description without the empty structures and lists that were not requested."""
    return {name: value for name, value in description.items() if value not in ({}, [], None)}


def _without_empty(of_moto: Callable[[Any], dict[str, Any]]) -> Callable[[Any], dict[str, Any]]:
    return lambda model: without_empty(of_moto(model))


def _create(of_moto: Callable[[SageMakerResponse], ActionResult], response: SageMakerResponse) -> ActionResult:
    models, request = response.sagemaker_backend._models, response.params  # noqa: SLF001  where moto keeps them
    name = request["ModelName"]
    if name in models:
        message = f'Cannot create already existing model "{models[name].arn}".'
        raise AWSValidationException(message)
    answer = of_moto(response)
    model: Any = models[name]
    model.enable_network_isolation = bool(request.get("EnableNetworkIsolation"))
    model.inference_execution_config = request.get("InferenceExecutionConfig")
    return answer


def _list(response: SageMakerResponse) -> ActionResult:
    models = [each.response_object for each in response.sagemaker_backend.list_models()]
    page, token = listed(models, response.params, name="ModelName", order="Descending")
    return ActionResult({"Models": page, "NextToken": token})
