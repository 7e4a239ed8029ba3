"""How SageMaker keeps a kind of resource: create, describe, update, list and delete, all alike.

A resource is kept as its describe operation answers. Its status moves on once it has been seen, so
that whoever waits sees the states that AWS goes through, and never waits for the clock.
Source: SageMaker API reference, Create*, Describe*, Update*, List* and Delete* of the kinds that the
gaps name, and the public service model of botocore for which error an operation has, read
2026-11-24.
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

GONE = "gone"


@dataclass
class Resource:
    """One resource: what describing it answers, its tags, and the status that comes after this one."""

    description: dict[str, Any]
    arn: str
    tags: list[dict[str, str]] = field(default_factory=list)
    next_status: str | None = None


@dataclass(frozen=True)
class States:
    """The status of a kind of resource, through its life."""

    creating: str = "Pending"
    created: str = "InService"
    updating: str = "Updating"
    updated: str = "InService"
    deleting: str = "Deleting"
    deleted: str = GONE


def refusal(response: SageMakerResponse, code: str, message: str) -> SagemakerClientError:
    """The error of an operation: `code` where its model has that one, or else ValidationException."""
    # moto finds the model of an error by the module of its class, so it must be one of moto's own.
    operation = get_service_model("sagemaker").operation_model(response._get_action())  # noqa: SLF001  moto's way to ask
    known = {shape.name for shape in operation.error_shapes}
    return SagemakerClientError(code if code in known else "ValidationException", message)


def kept_resources(backend: SageMakerModelBackend) -> Iterator[tuple[str, Resource]]:
    """Every resource that the gaps keep on a backend, with the type that its ARN names."""
    for resources in _by_kind(backend).values():
        for resource in resources.values():
            yield resource.arn.split(":")[5].split("/")[0], resource


def users(
    backend: SageMakerModelBackend, types: Collection[str], uses: Callable[[Mapping[str, Any]], bool]
) -> str | None:
    """What keeps a resource from being deleted: the types that use it, for an error, or None.

    Args:
        backend: where to look.
        types: the types, as in ARNs, that may use it.
        uses: whether one does, from what describing it answers.
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
    """A kind of resource that SageMaker has and moto has not. Subclasses say what is special of it."""

    name: ClassVar[str]
    """As in the names of its operations, such as `UserProfile`."""

    key: ClassVar[tuple[str, ...]]
    """The members of a request that tell one from another; the last is its name."""

    plural: ClassVar[str] = ""
    """As in the name of its list operation. Default: the name with an s."""

    summaries: ClassVar[str] = ""
    """The member of a list's answer that holds the resources. Default: the plural."""

    arn_type: ClassVar[str]
    """The type in its ARN, such as `user-profile`."""

    arn_member: ClassVar[str] = ""
    """The member that holds its ARN. Default: the name with Arn."""

    status: ClassVar[str | None] = "Status"
    """The member that holds its status, or None for a kind that is there at once."""

    states: ClassVar[States] = States()
    filters: ClassVar[Mapping[str, str]] = {}
    order: ClassVar[str] = "Ascending"

    # What subclasses change.

    def identifiers(self, backend: SageMakerModelBackend, request: Mapping[str, Any]) -> dict[str, Any]:
        """Members of the key that are not asked for but given by AWS."""
        del backend, request
        return {}

    def check_creation(self, response: SageMakerResponse, request: Mapping[str, Any]) -> None:
        """Refuse what AWS does not create."""

    def completed(self, backend: SageMakerModelBackend, request: Mapping[str, Any], arn: str) -> dict[str, Any]:
        """What describing it answers beyond what was asked for."""
        del backend, request, arn
        return {}

    def change(self, description: dict[str, Any], request: Mapping[str, Any]) -> None:
        """Change what describing it answers, as an update asks. Default: what it names is replaced."""
        description.update(request)

    def check_deletion(self, response: SageMakerResponse, resource: Resource) -> None:
        """Refuse to delete what is in use."""

    def deleted(self, backend: SageMakerModelBackend, resource: Resource, request: Mapping[str, Any]) -> None:
        """Take away what went with it."""

    def key_of(self, request: Mapping[str, Any]) -> Key:
        """What tells one from another."""
        return tuple(str(request.get(member) or "") for member in self.key)

    # What all kinds have in common.

    def resources(self, backend: SageMakerModelBackend) -> dict[Key, Resource]:
        """All there are, by their key."""
        return _by_kind(backend).setdefault(self.name, {})

    def live(self, backend: SageMakerModelBackend) -> list[Resource]:
        """Those that are not being deleted."""
        return [each for each in self.resources(backend).values() if not self._leaving(each)]

    def find(self, response: SageMakerResponse, request: Mapping[str, Any]) -> Resource:
        """The one that a request names.

        Raises:
            SagemakerClientError: there is none.
        """
        resource = self.resources(response.sagemaker_backend).get(self.key_of(request))
        if resource is None:
            raise self.missing(response, request)
        return resource

    def missing(self, response: SageMakerResponse, request: Mapping[str, Any]) -> SagemakerClientError:
        """The error that says that there is none."""
        named = "/".join(part for part in self.key_of(request) if part)
        return refusal(response, "ResourceNotFound", f"RecordNotFound: {self.name} [{named}] does not exist.")

    def create(self, response: SageMakerResponse) -> ActionResult:
        """Answer its create operation."""
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
        """What follows the type in its ARN."""
        return "/".join(self.key_of(request))

    def describe(self, response: SageMakerResponse) -> ActionResult:
        """Answer its describe operation, after which its status moves on."""
        resource = self.find(response, response.params)
        answer = dict(resource.description)
        self.seen(response.sagemaker_backend, resource)
        return ActionResult(answer)

    def update(self, response: SageMakerResponse) -> ActionResult:
        """Answer its update operation."""
        resource = self._found_alive(response)
        self.change(resource.description, response.params)
        resource.description["LastModifiedTime"] = utcnow()
        self.move(resource, self.states.updating, self.states.updated)
        return ActionResult({self._arn_member: resource.arn})

    def delete(self, response: SageMakerResponse) -> ActionResult:
        """Answer its delete operation."""
        resource = self._found_alive(response)
        self.check_deletion(response, resource)
        self.deleted(response.sagemaker_backend, resource, response.params)
        self.move(resource, self.states.deleting, self.states.deleted)
        if self.status is None:
            del self.resources(response.sagemaker_backend)[self.key_of(response.params)]
        return ActionResult({self._arn_member: resource.arn})

    def list_all(self, response: SageMakerResponse) -> ActionResult:
        """Answer its list operation, after which every status moves on."""
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
        """Put it into a status that lasts until it has been seen, and then into the next."""
        if self.status is not None:
            resource.description[self.status], resource.next_status = status, next_status

    def _found_alive(self, response: SageMakerResponse) -> Resource:
        resource = self.find(response, response.params)
        if self._leaving(resource):
            raise self.missing(response, response.params)
        return resource

    def seen(self, backend: SageMakerModelBackend, resource: Resource) -> None:
        """Move on from a status that whoever waits has now seen."""
        if self.status is None or resource.next_status is None:
            return
        if resource.next_status == GONE:
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
        """Have SageMaker's response class answer its operations, in the place of moto's own if it has some."""
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
    """Have `answer` answer an operation of SageMaker, in the place of moto's own if it has one.

    Args:
        operation: its name, such as `StopMlflowTrackingServer`.
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
