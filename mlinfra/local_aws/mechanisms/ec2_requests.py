"""What every EC2 operation does with a request: check it, read its filters, answer in pages.

The EC2 API reference, "Error codes", read 2026-11-24, says how each is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from moto.core.utils import get_service_model
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, EC2_RESOURCE_TO_PREFIX, generic_filter

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from moto.ec2.responses._base_response import EC2BaseResponse

T = TypeVar("T")


def check(response: EC2BaseResponse, operation: str) -> Mapping[str, Any]:
    """The parameters of a request that has all of the required ones, with values that the API knows.

    Args:
        response: moto's response to the request.
        operation: the operation's name, such as `CreatePlacementGroup`.

    Raises:
        EC2ClientError: MissingParameter, InvalidParameterValue, or DryRunOperation where the request
            only asks whether it would succeed.
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
    """Answer with the error `code` of the API reference."""
    raise EC2ClientError(code, message)


def refuse_missing(name: str) -> NoReturn:
    """Answer that the request lacks a parameter that it needs."""
    refuse("MissingParameter", f"The request must contain the parameter {name[0].lower()}{name[1:]}")


def refuse_value(message: str) -> NoReturn:
    """Answer that a parameter cannot have its value."""
    refuse("InvalidParameterValue", message)


def make_taggable(resource_type: str, prefix: str) -> None:
    """Let CreateTags, DeleteTags and DescribeTags know a type of resource by the prefix of its ids."""
    EC2_RESOURCE_TO_PREFIX.setdefault(resource_type, prefix)
    EC2_PREFIX_TO_RESOURCE.setdefault(prefix, resource_type)


def created_tags(response: EC2BaseResponse, resource_type: str) -> dict[str, str]:
    """The tags that a request gives what it creates."""
    given = response._parse_tag_specification(resource_type)  # noqa: SLF001
    return dict(given.get(resource_type, {}))


class DescribedResource(TaggedEC2Resource):
    """A resource that a Describe operation filters by its attributes and tags."""

    filters: frozenset[str] = frozenset()
    """The filters that the operation has, besides those for tags. Each names an attribute, with hyphens."""

    ec2_backend: Any
    id: str

    @property
    def tags(self) -> list[dict[str, str]]:
        """The resource's tags."""
        return self.get_tags()

    def get_filter_value(self, filter_name: str, method_name: str | None = None) -> Any:  # noqa: ANN401  as in moto
        """What `filter_name` compares."""
        if filter_name.startswith("tag:") or filter_name == "tag-key":
            return super().get_filter_value(filter_name, method_name) or ""
        if filter_name not in self.filters:
            refuse_value(f"The filter '{filter_name}' is invalid.")
        return getattr(self, filter_name.replace("-", "_")) or ""


def filtered(response: EC2BaseResponse, resources: Iterable[T]) -> list[T]:
    """Those of `resources` that the request's filters let through."""
    return generic_filter(response._filters_from_querystring(), list(resources))  # noqa: SLF001


def page(parameters: Mapping[str, Any], items: Sequence[T]) -> tuple[Sequence[T], str | None]:
    """The items that the request's `NextToken` and `MaxResults` ask for, and the next token."""
    token = parameters.get("NextToken") or "0"
    if not token.isdecimal() or int(token) > len(items):
        refuse_value(f"The token '{token}' is invalid.")
    start = int(token)
    end = start + int(parameters.get("MaxResults") or len(items) or 1)
    return items[start:end], str(end) if end < len(items) else None
