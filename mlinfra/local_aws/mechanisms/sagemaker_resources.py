"""SageMaker resource kinds: create, describe, update, list and delete, with shared rules.

A resource is kept as its describe operation returns it. Its transitional status changes to the next after it
was described, so that a waiting client observes the states of AWS, without a delay.

Source: SageMaker API reference, Create*, Describe*, Update*, List* and Delete* of the kinds that the gaps
name, and the public service model of botocore for the errors of an operation, read 2026-11-24.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from moto.core.responses import ActionResult
from moto.core.utils import camelcase_to_underscores, get_service_model, utcnow
from moto.sagemaker.exceptions import SagemakerClientError
from moto.sagemaker.responses import SageMakerResponse
from moto.sagemaker.utils import arn_formatter

from mlinfra.local_aws.mechanisms.extending import add_operations, kept, wrap
from mlinfra.local_aws.mechanisms.sagemaker_listing import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from moto.sagemaker.models import SageMakerModelBackend

    Key = tuple[str, ...]

DELETED = "deleted"


@dataclass
class Resource:
    """One resource: its description, its tags, and the status after the present one."""

    description: dict[str, Any]
    arn: str
    tags: list[dict[str, str]] = field(default_factory=list)
    next_status: str | None = None


@dataclass(frozen=True)
class States:
    """The statuses of a kind of resource."""

    creating: str = "Pending"
    created: str = "InService"
    updating: str = "Updating"
    updated: str = "InService"
    deleting: str = "Deleting"
    deleted: str = DELETED


def refusal(response: SageMakerResponse, code: str, message: str) -> SagemakerClientError:
    """The error of an operation: `code` if its model has that error, otherwise ValidationException."""
    # moto finds the model of an error by the module of its class, so the class must be moto's own.
    operation = get_service_model("sagemaker").operation_model(response._get_action())  # noqa: SLF001  moto's way to read the operation
    known = {shape.name for shape in operation.error_shapes}
    return SagemakerClientError(code if code in known else "ValidationException", message)


def kept_resources(backend: SageMakerModelBackend) -> Iterator[tuple[str, Resource]]:
    """Every resource of the gaps on a backend, with the resource type in its ARN."""
    for resources in _by_kind(backend).values():
        for resource in resources.values():
            yield resource.arn.split(":")[5].split("/")[0], resource


def users(
    backend: SageMakerModelBackend, types: Collection[str], uses: Callable[[Mapping[str, Any]], bool]
) -> str | None:
    """The resource types that prevent the deletion of a resource, for an error message, or None.

    Args:
        backend: the backend with the resources.
        types: the types, as in ARNs, that may use the resource.
        uses: returns True if a resource with the given description uses it.
    """
    found = {
        kind
        for kind, resource in kept_resources(backend)
        if kind in types
        and resource.description.get("Status") not in {"Deleting", "Deleted"}
        and uses(resource.description)
    }
    return ", ".join(sorted(found)) or None


def _by_kind(backend: SageMakerModelBackend) -> dict[str, dict[Key, Resource]]:
    return kept(backend, "resources", dict)


class ResourceKind:
    """A kind of SageMaker resource that moto lacks. Subclasses define its specific rules."""

    name: ClassVar[str]
    """The name in the names of its operations, such as `UserProfile`."""

    key: ClassVar[tuple[str, ...]]
    """The members of a request that identify a resource; the last is its name."""

    plural: ClassVar[str] = ""
    """The name in its list operation. Default: the name with an s."""

    summaries: ClassVar[str] = ""
    """The member of a list answer that holds the resources. Default: the plural."""

    arn_type: ClassVar[str]
    """The type in its ARN, such as `user-profile`."""

    arn_member: ClassVar[str] = ""
    """The member that holds its ARN. Default: the name with Arn."""

    status: ClassVar[str | None] = "Status"
    """The member that holds its status, or None for a kind without a status."""

    states: ClassVar[States] = States()
    filters: ClassVar[Mapping[str, str]] = {}
    order: ClassVar[str] = "Ascending"

    # Methods for subclasses.

    def identifiers(self, backend: SageMakerModelBackend, request: Mapping[str, Any]) -> dict[str, Any]:
        """Members of the key that AWS generates."""
        del backend, request
        return {}

    def check_creation(self, response: SageMakerResponse, request: Mapping[str, Any]) -> None:
        """Refuse a creation that AWS refuses."""

    def completed(self, backend: SageMakerModelBackend, request: Mapping[str, Any], arn: str) -> dict[str, Any]:
        """Members of the description that are not in the creation request."""
        del backend, request, arn
        return {}

    def change(self, description: dict[str, Any], request: Mapping[str, Any]) -> None:
        """Change the description as an update requests. Default: replace the named members."""
        description.update(request)

    def check_deletion(self, response: SageMakerResponse, resource: Resource) -> None:
        """Refuse the deletion of a resource in use."""

    def deleted(self, backend: SageMakerModelBackend, resource: Resource, request: Mapping[str, Any]) -> None:
        """Delete the dependent data of a deleted resource."""

    def key_of(self, request: Mapping[str, Any]) -> Key:
        """The key that identifies the resource of a request."""
        return tuple(str(request.get(member) or "") for member in self.key)

    # Methods that all kinds share.

    def resources(self, backend: SageMakerModelBackend) -> dict[Key, Resource]:
        """All resources by key."""
        return _by_kind(backend).setdefault(self.name, {})

    def live(self, backend: SageMakerModelBackend) -> list[Resource]:
        """The resources that are not being deleted."""
        return [each for each in self.resources(backend).values() if not self._leaving(each)]

    def find(self, response: SageMakerResponse, request: Mapping[str, Any]) -> Resource:
        """The resource that a request names.

        Raises:
            SagemakerClientError: the resource does not exist.
        """
        resource = self.resources(response.sagemaker_backend).get(self.key_of(request))
        if resource is None:
            raise self.missing(response, request)
        return resource

    def missing(self, response: SageMakerResponse, request: Mapping[str, Any]) -> SagemakerClientError:
        """The error for a resource that does not exist."""
        named = "/".join(part for part in self.key_of(request) if part)
        return refusal(response, "ResourceNotFound", f"RecordNotFound: {self.name} [{named}] does not exist.")

    def create(self, response: SageMakerResponse) -> ActionResult:
        """Answer the create operation."""
        backend, request = response.sagemaker_backend, dict(response.params)
        self.check_creation(response, request)
        tags = request.pop("Tags", None) or []
        request |= self.identifiers(backend, request)
        key = self.key_of(request)
        there = self.resources(backend).get(key)
        if there is not None and not self._leaving(there):
            message = (
                f"Resource Already Exists: {self.name} with name {key[-1]} already exists. Choose a different name."
            )
            raise refusal(response, "ResourceInUse", message)
        arn = arn_formatter(self.arn_type, self.arn_path(request), backend.account_id, backend.region_name)
        now = utcnow()
        description = {**request, self._arn_member: arn, "CreationTime": now, "LastModifiedTime": now}
        description |= self.completed(backend, request, arn)
        resource = Resource(description, arn, list(tags))
        self.move(resource, self.states.creating, self.states.created)
        self.resources(backend)[key] = resource
        return ActionResult(description)

    def arn_path(self, request: Mapping[str, Any]) -> str:
        """The part of the ARN after the type."""
        return "/".join(self.key_of(request))

    def describe(self, response: SageMakerResponse) -> ActionResult:
        """Answer the describe operation, then change a transitional status to the next."""
        resource = self.find(response, response.params)
        answer = dict(resource.description)
        self.seen(response.sagemaker_backend, resource)
        return ActionResult(answer)

    def update(self, response: SageMakerResponse) -> ActionResult:
        """Answer the update operation."""
        resource = self._found_alive(response)
        self.change(resource.description, response.params)
        resource.description["LastModifiedTime"] = utcnow()
        self.move(resource, self.states.updating, self.states.updated)
        return ActionResult({self._arn_member: resource.arn})

    def delete(self, response: SageMakerResponse) -> ActionResult:
        """Answer the delete operation."""
        resource = self._found_alive(response)
        self.check_deletion(response, resource)
        self.deleted(response.sagemaker_backend, resource, response.params)
        self.move(resource, self.states.deleting, self.states.deleted)
        if self.status is None:
            del self.resources(response.sagemaker_backend)[self.key_of(response.params)]
        return ActionResult({self._arn_member: resource.arn})

    def list_all(self, response: SageMakerResponse) -> ActionResult:
        """Answer the list operation, then change every transitional status to the next."""
        backend = response.sagemaker_backend
        resources = list(self.resources(backend).values())
        page, token = listed(
            [dict(each.description) for each in resources],
            response.params,
            name=self.key[-1],
            status=self.status,
            filters=self.filters,
            order=self.order,
        )
        for resource in resources:
            self.seen(backend, resource)
        return ActionResult({self.summaries or self._plural: page, "NextToken": token})

    def move(self, resource: Resource, status: str, next_status: str) -> None:
        """Set a status that lasts until it has been described, and the status after it."""
        if self.status is not None:
            resource.description[self.status], resource.next_status = status, next_status

    def _found_alive(self, response: SageMakerResponse) -> Resource:
        resource = self.find(response, response.params)
        if self._leaving(resource):
            raise self.missing(response, response.params)
        return resource

    def seen(self, backend: SageMakerModelBackend, resource: Resource) -> None:
        """Change a transitional status to the next after it was described."""
        if self.status is None or resource.next_status is None:
            return
        if resource.next_status == DELETED:
            self.resources(backend).pop(self.key_of(resource.description), None)
        resource.description[self.status], resource.next_status = resource.next_status, None

    def _leaving(self, resource: Resource) -> bool:
        return self.status is not None and resource.description[self.status] in {
            self.states.deleting,
            self.states.deleted,
        }

    @property
    def _arn_member(self) -> str:
        return self.arn_member or f"{self.name}Arn"

    @property
    def _plural(self) -> str:
        return self.plural or f"{self.name}s"

    def add_to_moto(self) -> None:
        """Register the operations with moto's response class, replacing moto's own operations."""
        known = get_service_model("sagemaker").operation_names
        operations = {
            f"Create{self.name}": self.create,
            f"Describe{self.name}": self.describe,
            f"Update{self.name}": self.update,
            f"Delete{self.name}": self.delete,
            f"List{self._plural}": self.list_all,
        }
        for operation, answer in operations.items():
            if operation in known:
                answer_operation(operation, answer)


def answer_operation(operation: str, answer: Callable[[SageMakerResponse], ActionResult]) -> None:
    """Register `answer` for an operation of SageMaker, replacing moto's own operation.

    Args:
        operation: the name of the operation, such as `StopMlflowTrackingServer`.
        answer: takes moto's response and returns the result.
    """
    name = camelcase_to_underscores(operation)
    if hasattr(SageMakerResponse, name):
        wrap(SageMakerResponse, name, lambda _, response: answer(response))
        return

    def answered(response: SageMakerResponse) -> ActionResult:
        return answer(response)

    answered.__name__ = name
    add_operations(SageMakerResponse, answered)
