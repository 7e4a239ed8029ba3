"""Requests to EC2: validation, filters, pages.

Source of the error codes: EC2 API reference, "Error codes", read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from moto.core.utils import get_service_model
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, EC2_RESOURCE_TO_PREFIX, generic_filter

from mlinfra.local_aws.mechanisms import pages

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from moto.ec2.responses._base_response import EC2BaseResponse

T = TypeVar("T")


def check(response: EC2BaseResponse, operation: str) -> Mapping[str, Any]:
    """The parameters of a request, with all required ones present and values that the API allows.

    Args:
        response: moto's response to the request.
        operation: the operation's name, such as `CreatePlacementGroup`.

    Raises:
        EC2ClientError: MissingParameter, InvalidParameterValue, or DryRunOperation if the request
            has the parameter DryRun.
    """
    parameters: Mapping[str, Any] = response._get_params()  # noqa: SLF001  moto's way to read parameters
    shape = get_service_model("ec2").operation_model(operation).input_shape
    for name in shape.required_members:
        if parameters.get(name) is None:
            refuse_missing(name)
    for name, member in shape.members.items():
        value = parameters.get(name)
        if getattr(member, "enum", None) and value is not None and value not in member.enum:
            refuse_value(f"Value ({value}) for parameter {name[0].lower()}{name[1:]} is invalid.")
    response.error_on_dryrun()
    return parameters


def refuse(code: str, message: str) -> NoReturn:
    """Raise an error with the code `code` of the API reference."""
    raise EC2ClientError(code, message)


def refuse_missing(name: str) -> NoReturn:
    """Raise the error for a missing required parameter."""
    refuse("MissingParameter", f"The request must contain the parameter {name[0].lower()}{name[1:]}")


def refuse_value(message: str) -> NoReturn:
    """Raise the error for an invalid value of a parameter."""
    refuse("InvalidParameterValue", message)


def make_taggable(resource_type: str, prefix: str) -> None:
    """Add a resource type to CreateTags, DeleteTags and DescribeTags, by the prefix of its ids."""
    EC2_RESOURCE_TO_PREFIX.setdefault(resource_type, prefix)
    EC2_PREFIX_TO_RESOURCE.setdefault(prefix, resource_type)


def created_tags(response: EC2BaseResponse, resource_type: str) -> dict[str, str]:
    """The tags of a creation request for the new resource."""
    given = response._parse_tag_specification(resource_type)  # noqa: SLF001
    return dict(given.get(resource_type, {}))


class DescribedResource(TaggedEC2Resource):
    """A resource that a Describe operation filters by its attributes and tags."""

    filters: frozenset[str] = frozenset()
    """Filters of the operation, in addition to those for tags. Each names an attribute, with hyphens."""

    ec2_backend: Any
    id: str

    @property
    def tags(self) -> list[dict[str, str]]:
        """The resource's tags."""
        return self.get_tags()

    def get_filter_value(self, filter_name: str, method_name: str | None = None) -> Any:  # noqa: ANN401  as in moto
        """The value that the filter `filter_name` compares."""
        if filter_name.startswith("tag:") or filter_name == "tag-key":
            return super().get_filter_value(filter_name, method_name) or ""
        if filter_name not in self.filters:
            refuse_value(f"The filter '{filter_name}' is invalid.")
        return getattr(self, filter_name.replace("-", "_")) or ""


def filtered(response: EC2BaseResponse, resources: Iterable[T]) -> list[T]:
    """The resources that match the request's filters."""
    return generic_filter(response._filters_from_querystring(), list(resources))  # noqa: SLF001


def page(parameters: Mapping[str, Any], items: Sequence[T]) -> tuple[list[T], str | None]:
    """One page of items, by the request's `NextToken` and `MaxResults`, and the next token."""
    token = parameters.get("NextToken")
    try:
        return pages.page(items, token=token, size=int(parameters.get("MaxResults") or len(items) or 1))
    except ValueError:
        refuse_value(f"The token '{token}' is invalid.")
