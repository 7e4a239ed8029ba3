"""Operations on a bucket that gaps of S3 replace, such as `PUT /{Bucket}?lifecycle`.

moto dispatches them by the names in the query string. A request with an unknown name is treated as the
operation on the bucket itself, so that a DELETE of an unknown sub-resource deletes the bucket.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from moto.core.responses import ActionResult
from moto.core.utils import get_service_model
from moto.s3.exceptions import S3ClientError
from moto.s3.responses import S3Response

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from moto.core.model import OperationModel

    MotosAnswer = Callable[[], Any]
    Answer = Callable[[S3Response, MotosAnswer], Any]

_DISPATCHES = {
    "GET": S3Response._bucket_response_get,  # noqa: SLF001  moto has no public names for these methods
    "PUT": S3Response._bucket_response_put,  # noqa: SLF001
    "DELETE": S3Response._bucket_response_delete,  # noqa: SLF001
}


class S3Error(S3ClientError):
    """An error of S3 with the HTTP status of the API reference, for errors without one in the model."""

    def __init__(self, *, code: str, message: str, status: int = 400) -> None:
        """Create the error.

        Args:
            code: S3's error code, such as `NoSuchConfiguration`.
            message: the message for the client.
            status: the HTTP status. Default: 400.
        """
        super().__init__(code, message)
        self.status = status


def serves(method: str, sub_resource: str) -> bool:
    """True if moto implements a sub-resource of a bucket.

    Args:
        method: `GET`, `PUT` or `DELETE`.
        sub_resource: its name in the query string.
    """
    # The names by which moto dispatches are constants in the function's code.
    return sub_resource in _DISPATCHES[method].__code__.co_consts


def answer(operation: str, with_: Answer) -> None:
    """Answer an operation on a bucket by a gap.

    Args:
        operation: the operation's name, such as `PutBucketLifecycleConfiguration`.
        with_: takes moto's response and a function that returns moto's own answer; returns the answer of S3.
    """
    _answers[operation] = with_
    _install()


def refuse_unknown_sub_resources() -> None:
    """Answer NotImplemented for sub-resources that neither moto nor a gap implements."""
    global _refuses_unknown  # noqa: PLW0603  one switch for the process, like the classes it patches
    _refuses_unknown = True
    _install()


_answers: dict[str, Answer] = {}
_refuses_unknown = False


@functools.cache
def _install() -> None:
    for dispatch in _DISPATCHES.values():
        wrap(S3Response, dispatch.__name__, _dispatch)


def _dispatch(motos: Callable[..., Any], response: S3Response, *arguments: Any) -> Any:  # noqa: ANN401  moto's types
    method, query = response.method, arguments[-1]
    sub_resource = next((name for name in query if name in _sub_resources()), None)
    if sub_resource is None:
        return motos(response, *arguments)
    operation = operation_on(method, sub_resource, query)
    try:
        if operation in _answers:
            response.backend.get_bucket(response.bucket_name)
            response.data["Action"] = operation
            return _answers[operation](response, lambda: motos(response, *arguments))
        if _refuses_unknown:
            _require_served(method, sub_resource, operation)
    except S3Error as error:
        _, headers, body = response.serialized(ActionResult(error))
        return error.status, headers, body
    return motos(response, *arguments)


def _require_served(method: str, sub_resource: str, operation: str | None) -> None:
    if operation is None:
        message = "The specified method is not allowed against this resource."
        raise S3Error(code="MethodNotAllowed", message=message, status=405)
    if not serves(method, sub_resource):
        message = "A header you provided implies functionality that is not implemented."
        raise S3Error(code="NotImplemented", message=message, status=501)


def operation_on(method: str, sub_resource: str, query: Collection[str]) -> str | None:
    """The name of the operation of a request on a sub-resource of a bucket, or None if it does not exist.

    Args:
        method: the HTTP method.
        sub_resource: the sub-resource's name in the query string.
        query: all names in the query string, which distinguish operations on one item and on all.
    """
    candidates = _sub_resources()[sub_resource].get(method, {})
    for name, parameters in candidates.items():
        if parameters <= set(query):
            return name
    return next(iter(candidates), None)


@functools.cache
def _sub_resources() -> dict[str, dict[str, dict[str, set[str]]]]:
    """Sub-resources of a bucket, their methods, and for each the operations with their required parameters.

    Operations with the most required parameters are first, and deprecated ones last.
    """
    model = get_service_model("s3")
    operations = [model.operation_model(name) for name in model.operation_names]
    found: dict[str, dict[str, dict[str, set[str]]]] = {}
    for operation in sorted(operations, key=_weight, reverse=True):
        trait = operation.http_trait
        if trait.path != "/{Bucket}":
            continue
        for name, value in trait.query_args.items():
            if not value:
                found.setdefault(name, {}).setdefault(trait.method, {})[operation.name] = _parameters(operation)
    return found


def _weight(operation: OperationModel) -> tuple[bool, int]:
    return not operation.deprecated, len(_parameters(operation))


def _parameters(operation: OperationModel) -> set[str]:
    return set(getattr(operation.input_shape, "required_query_args", ()))
