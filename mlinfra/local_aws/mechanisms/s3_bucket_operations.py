"""How gaps of S3 take over operations on a bucket, such as `PUT /{Bucket}?lifecycle`.

moto dispatches them by the names in the query string. A name that it does not know falls through to
the operation on the bucket itself, so that a DELETE of an unknown sub-resource deletes the bucket.
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
    "GET": S3Response._bucket_response_get,  # noqa: SLF001  moto has no public name for them
    "PUT": S3Response._bucket_response_put,  # noqa: SLF001
    "DELETE": S3Response._bucket_response_delete,  # noqa: SLF001
}


class S3Error(S3ClientError):
    """An error of S3 with the HTTP status that the API reference gives it, where the model gives none."""

    def __init__(self, *, code: str, message: str, status: int = 400) -> None:
        """Make the error.

        Args:
            code: S3's own code, such as `NoSuchConfiguration`.
            message: what the client is told.
            status: the HTTP status. Default: 400.
        """
        super().__init__(code, message)
        self.status = status


def serves(method: str, sub_resource: str) -> bool:
    """Whether moto by itself knows a sub-resource of a bucket.

    Args:
        method: `GET`, `PUT` or `DELETE`.
        sub_resource: its name in the query string.
    """
    # moto spells each name that it dispatches by in the function's own code.
    return sub_resource in _DISPATCHES[method].__code__.co_consts


def answer(operation: str, with_: Answer) -> None:
    """Have an operation on a bucket answered by a gap.

    Args:
        operation: the operation's name, such as `PutBucketLifecycleConfiguration`.
        with_: takes moto's response and a function that gives moto's own answer; returns what S3 answers.
    """
    _answers[operation] = with_
    _install()


def refuse_the_unknown() -> None:
    """Answer that it is not implemented where nobody serves a sub-resource."""
    global _refuses_the_unknown  # noqa: PLW0603  one switch for the process, like the classes it patches
    _refuses_the_unknown = True
    _install()


_answers: dict[str, Answer] = {}
_refuses_the_unknown = False


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
        if _refuses_the_unknown:
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
    """The name of the operation that a request on a sub-resource of a bucket is, or None where there is none.

    Args:
        method: the HTTP method.
        sub_resource: the sub-resource's name in the query string.
        query: all names in the query string, which tell an operation on one from that on all.
    """
    candidates = _sub_resources()[sub_resource].get(method, {})
    for name, parameters in candidates.items():
        if parameters <= set(query):
            return name
    return next(iter(candidates), None)


@functools.cache
def _sub_resources() -> dict[str, dict[str, dict[str, set[str]]]]:
    """Sub-resources of a bucket, their methods, and for each the operations with the parameters they need.

    Those that need the most come first, and deprecated ones last.
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
