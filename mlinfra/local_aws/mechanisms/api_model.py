"""Validation of requests against the public API model of a service, beyond the validation by clients.

AWS validates a request against the model before it evaluates anything else. moto parses requests with the
model, and validates nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import ServiceException
from moto.core.parse import PROTOCOL_PARSERS
from moto.core.utils import get_service_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from moto.core.responses import BaseResponse


class ApiError(ServiceException):
    """An error with which an operation answers."""

    def __init__(self, *, code: str, message: str) -> None:
        """Create the error.

        Args:
            code: the error code of the API reference.
            message: the message for the client.
        """
        super().__init__(code, message)


def checked_request(response: BaseResponse, operation: str, *, code: str = "ValidationException") -> dict[str, Any]:
    """The request that `response` is about to answer, validated against the model.

    Args:
        response: moto's response to the request.
        operation: the operation's name, such as `CreateBudget`.
        code: the service's error code for invalid requests. Default: `ValidationException`.

    Raises:
        ApiError: the request is invalid; with the code `code`.
    """
    request = request_of(response, operation)
    if complaint := violation(response.boto3_service_name, operation, request):
        raise ApiError(code=code, message=f"1 validation error detected: {complaint}")
    return request


def request_of(response: BaseResponse, operation: str, url_params: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The request that `response` is about to answer, in the form of the API reference.

    Args:
        response: moto's response to the request.
        operation: the operation's name, such as `PutBucketLogging`.
        url_params: the members in the path. Default: the members that moto found there.
    """
    model = get_service_model(response.boto3_service_name)
    request = response.normalized_request
    parser = PROTOCOL_PARSERS[str(model.metadata["protocol"])](model.operation_model(operation))
    parsed: dict[str, Any] = parser.parse(
        {
            "method": request.method,
            "values": request.values,
            "headers": request.headers,
            "body": response.body,
            "url_path": request.path,
            "url_params": dict(response.uri_match if url_params is None else url_params),
        }
    )
    return parsed


def violation(service: str, operation: str, request: Mapping[str, Any]) -> str | None:
    """The first constraint of the model that a request violates, with AWS's wording, or None.

    Args:
        service: boto3's name of the service.
        operation: the operation's name.
        request: the input of the operation, in the form of the API reference.
    """
    shape = get_service_model(service).operation_model(operation).input_shape
    return next(_violations(shape, request, ""), None)


def _violations(shape: Any, value: Any, path: str) -> Iterator[str]:  # noqa: ANN401  botocore's shapes are untyped
    check = _CHECKS.get(shape.type_name)
    return check(shape, value, path) if check else iter(())


def _structure_violations(shape: Any, value: Mapping[str, Any], path: str) -> Iterator[str]:  # noqa: ANN401
    for name in shape.required_members:
        if value.get(name) is None:
            yield f"Value null at '{_joined(path, name)}' failed to satisfy constraint: Member must not be null"
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from _violations(member, value[name], _joined(path, name))


def _list_violations(shape: Any, value: list[Any], path: str) -> Iterator[str]:  # noqa: ANN401
    yield from _outside(shape, len(value), value, path, "length")
    for index, each in enumerate(value, start=1):
        yield from _violations(shape.member, each, f"{path}.{index}.member")


def _map_violations(shape: Any, value: Mapping[str, Any], path: str) -> Iterator[str]:  # noqa: ANN401
    for key, each in value.items():
        yield from _violations(shape.value, each, f"{path}.{key}")


def _number_violations(shape: Any, value: float, path: str) -> Iterator[str]:  # noqa: ANN401
    yield from _outside(shape, value, value, path, "value")


def _string_violations(shape: Any, value: str, path: str) -> Iterator[str]:  # noqa: ANN401
    if shape.enum and value not in shape.enum:
        allowed = ", ".join(shape.enum)
        yield f"{_at(value, path)} Member must satisfy enum value set: [{allowed}]"
    yield from _outside(shape, len(value), value, path, "length")
    pattern = shape.metadata.get("pattern")
    if pattern and not _matches(pattern, value):
        yield f"{_at(value, path)} Member must satisfy regular expression pattern: {pattern}"


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value, re.DOTALL) is not None
    except re.error:
        # Some of AWS's patterns, such as `\p{L}`, are invalid in Python.
        return True


def _outside(shape: Any, measure: float, value: Any, path: str, what: str) -> Iterator[str]:  # noqa: ANN401
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and measure < least:
        yield f"{_at(value, path)} Member must have {what} greater than or equal to {least}"
    if most is not None and measure > most:
        yield f"{_at(value, path)} Member must have {what} less than or equal to {most}"


def _at(value: Any, path: str) -> str:  # noqa: ANN401
    return f"Value '{value}' at '{path}' failed to satisfy constraint:"


def _joined(path: str, name: str) -> str:
    member = name[0].lower() + name[1:]
    return f"{path}.{member}" if path else member


_CHECKS: Mapping[str, Callable[[Any, Any, str], Iterator[str]]] = {
    "structure": _structure_violations,
    "list": _list_violations,
    "map": _map_violations,
    "string": _string_violations,
    "integer": _number_violations,
    "long": _number_violations,
    "float": _number_violations,
    "double": _number_violations,
}
