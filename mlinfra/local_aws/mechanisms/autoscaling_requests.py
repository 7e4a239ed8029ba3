"""Requests to EC2 Auto Scaling: validation, lookup of the group, pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from moto.autoscaling.exceptions import AutoscalingClientError

from mlinfra.local_aws.mechanisms import pages
from mlinfra.local_aws.mechanisms.api_model import violation

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup
    from moto.autoscaling.responses import AutoScalingResponse

T = TypeVar("T")

_DEFAULT_PAGE = 50
_LONGEST_PAGE = 100


def checked(response: AutoScalingResponse, operation: str) -> Mapping[str, Any]:
    """The parameters of a request, validated against the API's model.

    Args:
        response: moto's response to the request.
        operation: the operation's name, such as `PutLifecycleHook`.
    """
    request: Mapping[str, Any] = response._get_params()  # noqa: SLF001  moto's way to read parameters
    problem = violation("autoscaling", operation, request)
    if problem:
        refuse(f"1 validation error detected: {problem}")
    return request


def refuse(message: str, code: str = "ValidationError") -> NoReturn:
    """Raise an error of the service. Default: a validation error."""
    raise AutoscalingClientError(code, message)


def group_called(backend: AutoScalingBackend, name: str) -> FakeAutoScalingGroup:
    """The auto scaling group with the name `name`, or a validation error."""
    if name not in backend.autoscaling_groups:
        refuse(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
    return backend.autoscaling_groups[name]


def page(request: Mapping[str, Any], items: Sequence[T]) -> tuple[list[T], str | None]:
    """One page of items, by the request's `NextToken` and `MaxRecords`, and the next token."""
    records = int(request.get("MaxRecords") or _DEFAULT_PAGE)
    if records > _LONGEST_PAGE:
        refuse(f"Maximum number of records is {_LONGEST_PAGE}")
    try:
        return pages.page(items, token=request.get("NextToken"), size=records)
    except ValueError:
        refuse("The token is invalid.", "InvalidNextToken")
