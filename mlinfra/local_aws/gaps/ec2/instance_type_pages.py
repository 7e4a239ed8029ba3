"""Gap: pages of instance types and of their offerings.

moto returns all of them and ignores the requested number. In AWS, both are returned in pages. Source: EC2 API
reference, DescribeInstanceTypes and DescribeInstanceTypeOfferings, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.ec2.responses.instances import InstanceResponse

from mlinfra.local_aws.mechanisms.ec2_requests import check, page
from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.core.responses import ActionResult

_OPERATIONS = {
    "describe_instance_types": ("DescribeInstanceTypes", "InstanceTypes"),
    "describe_instance_type_offerings": ("DescribeInstanceTypeOfferings", "InstanceTypeOfferings"),
}


def is_open() -> bool:
    """True if moto ignores the requested number."""
    return "MaxResults" not in InstanceResponse.describe_instance_types.__code__.co_consts


def close() -> None:
    """Close the gap: answer in pages if the request asks for them."""
    for method, (operation, member) in _OPERATIONS.items():
        wrap(InstanceResponse, method, _in_pages(operation, member))


def _in_pages(operation: str, member: str) -> Callable[..., ActionResult]:
    def answer_in_pages(original: Callable[..., ActionResult], response: InstanceResponse) -> ActionResult:
        parameters = check(response, operation)
        answer = original(response)
        result: dict[str, Any] = answer.result  # type: ignore[assignment]
        result[member], result["NextToken"] = page(parameters, result[member])
        return answer

    return answer_in_pages
