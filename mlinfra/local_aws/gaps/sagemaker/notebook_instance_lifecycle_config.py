"""Gap: lifecycle configurations of SageMaker notebook instances.

moto's configurations cannot be updated or listed, and have no tags. In AWS, they can, and have tags. Source:
SageMaker API reference, CreateNotebookInstanceLifecycleConfig, UpdateNotebookInstanceLifecycleConfig,
ListNotebookInstanceLifecycleConfigs, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.sagemaker.responses import SageMakerResponse

from mlinfra.local_aws.mechanisms.extending import wrap
from mlinfra.local_aws.mechanisms.sagemaker_listing import listed
from mlinfra.local_aws.mechanisms.sagemaker_resources import answer_operation

if TYPE_CHECKING:
    from collections.abc import Callable

_NAME = "NotebookInstanceLifecycleConfigName"


def is_open() -> bool:
    """True if moto cannot update a configuration."""
    return not hasattr(SageMakerResponse, "update_notebook_instance_lifecycle_config")


def close() -> None:
    """Close the gap: update, list and tag the configurations."""
    wrap(SageMakerResponse, "create_notebook_instance_lifecycle_config", _create)
    answer_operation("UpdateNotebookInstanceLifecycleConfig", _update)
    answer_operation("ListNotebookInstanceLifecycleConfigs", _list)


def _create(of_moto: Callable[[SageMakerResponse], ActionResult], response: SageMakerResponse) -> ActionResult:
    answer = of_moto(response)
    config: Any = response.sagemaker_backend.notebook_instance_lifecycle_configurations[response.params[_NAME]]
    config.tags = list(response.params.get("Tags") or [])
    return answer


def _update(response: SageMakerResponse) -> ActionResult:
    backend, request = response.sagemaker_backend, response.params
    # Raises moto's own error for an unknown configuration.
    backend.describe_notebook_instance_lifecycle_config(request[_NAME])
    config = backend.notebook_instance_lifecycle_configurations[request[_NAME]]
    config.on_create = request.get("OnCreate", config.on_create)
    config.on_start = request.get("OnStart", config.on_start)
    config.last_modified_time = utcnow()
    return EmptyResult()


def _list(response: SageMakerResponse) -> ActionResult:
    configs = response.sagemaker_backend.notebook_instance_lifecycle_configurations.values()
    page, token = listed([each.response_object for each in configs], response.params, name=_NAME, order="Descending")
    return ActionResult({"NotebookInstanceLifecycleConfigs": page, "NextToken": token})
