"""Gap: SageMaker notebook instances.

moto's instances are in service immediately, cannot be updated, and lack the platform, the version of the
metadata service and the network interface. In AWS, they start, stop and are deleted with the statuses
Pending, Stopping and Deleting, and can be updated only while stopped. Source: SageMaker API reference,
CreateNotebookInstance, DescribeNotebookInstance, UpdateNotebookInstance, StartNotebookInstance,
StopNotebookInstance, DeleteNotebookInstance, read 2026-11-24.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import camelcase_to_underscores, utcnow
from moto.sagemaker.exceptions import AWSValidationException
from moto.sagemaker.models import FakeSagemakerNotebookInstance
from moto.sagemaker.responses import SageMakerResponse

from mlinfra.local_aws.mechanisms.extending import wrap
from mlinfra.local_aws.mechanisms.sagemaker_resources import answer_operation

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.sagemaker.models import SageMakerModelBackend

    OfMoto = Callable[[SageMakerResponse], ActionResult]

_PLATFORM = "notebook-al2-v3"
_NEXT_STATUS = {"Pending": "InService", "Stopping": "Stopped", "Updating": "Stopped"}
_AT_REST = ("Failed", "Stopped")
_REPLACED = (
    "AcceleratorTypes",
    "AdditionalCodeRepositories",
    "DefaultCodeRepository",
    "InstanceMetadataServiceConfiguration",
    "InstanceType",
    "IpAddressType",
    "LifecycleConfigName",
    "PlatformIdentifier",
    "RoleArn",
    "RootAccess",
    "VolumeSizeInGB",
)
_DISASSOCIATED = {
    "DisassociateAcceleratorTypes": "accelerator_types",
    "DisassociateAdditionalCodeRepositories": "additional_code_repositories",
    "DisassociateDefaultCodeRepository": "default_code_repository",
    "DisassociateLifecycleConfig": "lifecycle_config_name",
}


def is_open() -> bool:
    """True if moto cannot update a notebook instance."""
    return not hasattr(SageMakerResponse, "update_notebook_instance")


def close() -> None:
    """Close the gap: add updates, states and complete descriptions of notebook instances."""
    wrap(FakeSagemakerNotebookInstance, "to_dict", _described)
    wrap(SageMakerResponse, "create_notebook_instance", _create)
    wrap(SageMakerResponse, "list_notebook_instances", _list)
    answer_operation("DescribeNotebookInstance", _describe)
    answer_operation("UpdateNotebookInstance", _update)
    answer_operation("StartNotebookInstance", lambda response: _move(response, _AT_REST, "Pending"))
    answer_operation("StopNotebookInstance", lambda response: _move(response, ("InService",), "Stopping"))
    answer_operation("DeleteNotebookInstance", lambda response: _move(response, _AT_REST, "Deleting"))


def _described(of_moto: Callable[[Any], dict[str, Any]], instance: Any) -> dict[str, Any]:  # noqa: ANN401  gaps add attributes
    also = {
        "InstanceMetadataServiceConfiguration": getattr(instance, "instance_metadata_service_configuration", None)
        or {"MinimumInstanceMetadataServiceVersion": "1"},
        "IpAddressType": getattr(instance, "ip_address_type", None) or "ipv4",
        "NetworkInterfaceId": getattr(instance, "network_interface_id", None),
        "PlatformIdentifier": getattr(instance, "platform_identifier", None) or _PLATFORM,
        "RootAccess": instance.root_access or "Enabled",
    }
    description = {**of_moto(instance), **also}
    return {name: value for name, value in description.items() if value is not None}


def _create(of_moto: OfMoto, response: SageMakerResponse) -> ActionResult:
    answer, request = of_moto(response), response.params
    instance: Any = response.sagemaker_backend.notebook_instances[request["NotebookInstanceName"]]
    instance.instance_metadata_service_configuration = request.get("InstanceMetadataServiceConfiguration")
    instance.ip_address_type = request.get("IpAddressType")
    instance.platform_identifier = request.get("PlatformIdentifier")
    instance.network_interface_id = f"eni-{uuid.uuid4().hex[:17]}" if request.get("SubnetId") else None
    instance.status = "Pending"
    return answer


def _describe(response: SageMakerResponse) -> ActionResult:
    instance = _found(response)
    answer = instance.to_dict()
    _seen(response.sagemaker_backend, instance)
    return ActionResult(answer)


def _list(of_moto: OfMoto, response: SageMakerResponse) -> ActionResult:
    answer = of_moto(response)
    for instance in list(response.sagemaker_backend.notebook_instances.values()):
        _seen(response.sagemaker_backend, instance)
    return answer


def _update(response: SageMakerResponse) -> ActionResult:
    answer, request = _move(response, _AT_REST, "Updating"), response.params
    instance = _found(response)
    for member in _REPLACED:
        if member in request:
            setattr(instance, _attribute(member), request[member])
    for member, attribute in _DISASSOCIATED.items():
        if request.get(member):
            setattr(instance, attribute, None)
    return answer


def _attribute(member: str) -> str:
    return "volume_size_in_gb" if member == "VolumeSizeInGB" else camelcase_to_underscores(member)


def _move(response: SageMakerResponse, allowed: tuple[str, ...], status: str) -> ActionResult:
    instance = _found(response)
    # A client that did not describe the instance in between sees the completed transition.
    instance.status = _NEXT_STATUS.get(instance.status, instance.status)
    if instance.status not in allowed:
        message = (
            f"Status ({instance.status}) not in ([{', '.join(allowed)}]). "
            f"Unable to transition to ({status}) for Notebook Instance ({instance.arn})."
        )
        raise AWSValidationException(message)
    instance.status, instance.last_modified_time = status, utcnow()
    return EmptyResult()


def _found(response: SageMakerResponse) -> Any:  # noqa: ANN401  gaps add attributes to moto's instances
    return response.sagemaker_backend.get_notebook_instance(response.params["NotebookInstanceName"])


def _seen(backend: SageMakerModelBackend, instance: Any) -> None:  # noqa: ANN401
    """Change a transitional status to the next after it was described."""
    if instance.status == "Deleting":
        del backend.notebook_instances[instance.notebook_instance_name]
    instance.status = _NEXT_STATUS.get(instance.status, instance.status)
