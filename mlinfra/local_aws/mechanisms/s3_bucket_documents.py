"""Bucket configurations that S3 keeps as put, returns, and lists by their ids."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from moto.core.parse import RequestParserError
from moto.core.responses import ActionResult
from moto.s3.exceptions import MalformedXML

from mlinfra.local_aws.mechanisms.api_model import request_of, violation
from mlinfra.local_aws.mechanisms.extending import kept
from mlinfra.local_aws.mechanisms.s3_bucket_operations import S3Error, answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.s3.models import FakeBucket
    from moto.s3.responses import S3Response

    Document = dict[str, Any]
    Settle = Callable[[S3Response, Document], Document]

_PAGE = 100
"""Number of configurations on a page of S3."""


@dataclass(frozen=True)
class BucketDocument:
    """A kind of bucket configuration.

    Args:
        member: the name of the document in a request, such as `MetricsConfiguration`.
        put: the operation that sets it.
        get: the operation that returns it.
        delete: the operation that deletes it. Default: none, an empty document is put instead.
        list: the operation that lists them. Default: none, a bucket has only one.
        permission: the part of the IAM action after `s3:Get` and `s3:Put`.
        missing: the code and message of the error for a missing document, with status 404.
            Default: none, `default` is returned.
        default: the document of a new bucket. Default: an empty document.
        settle: takes moto's response and the request, raises if S3 refuses a document that the model allows, and
            returns the document that S3 keeps. Default: the document as put.
        moto_serves: True if moto also implements it, and applies the documents that are put. Default: False.
    """

    member: str
    put: str
    get: str
    permission: str
    delete: str | None = None
    list: str | None = None
    missing: tuple[str, str] | None = None
    default: Document = field(default_factory=dict)
    settle: Settle | None = None
    moto_serves: bool = False

    def serve(self) -> None:
        """Register the operations on the document."""
        answer(self.put, self._put)
        answer(self.get, self.give)
        if self.delete:
            answer(self.delete, self._delete)
        if self.list:
            answer(self.list, self._list)

    def of(self, response: S3Response, bucket_name: str | None = None) -> dict[str | None, Document]:
        """The documents of a bucket by id; a kind without ids has one document with the id None."""
        make: Callable[[], WeakKeyDictionary[FakeBucket, dict[str | None, Document]]] = WeakKeyDictionary
        # Weak references, so that a new bucket of the same name has no documents of a deleted one.
        by_bucket = kept(response.backend, self.member, make)
        return by_bucket.setdefault(response.backend.get_bucket(bucket_name or response.bucket_name), {})

    def _put(self, response: S3Response, motos_answer: Callable[[], Any]) -> Any:  # noqa: ANN401  moto's types
        self._authorize(response, "Put")
        try:
            request = request_of(response, self.put, {"Bucket": response.bucket_name})
        except (RequestParserError, ValueError):
            raise MalformedXML from None
        if self.member not in request or violation("s3", self.put, request):
            raise MalformedXML
        identifier = request.get("Id")
        if identifier != request[self.member].get("Id", identifier):
            message = "The ID in the request does not match the ID in the configuration."
            raise S3Error(code="InvalidArgument", message=message)
        document = self.settle(response, request) if self.settle else request[self.member]
        if self.moto_serves:
            given = motos_answer()
            if isinstance(given, tuple) and given[0] >= 300:  # noqa: PLR2004  from there on moto refused
                return given
        self.of(response)[identifier] = document
        response.data["Action"] = self.put
        return self._answered(response, document)

    def give(self, response: S3Response, _motos_answer: Callable[[], Any]) -> Any:  # noqa: ANN401
        """Return the requested document, or raise the error for a missing one."""
        self._authorize(response, "Get")
        found = self.of(response).get(self._identifier(response))
        if found is None and self.missing:
            code, message = self.missing
            raise S3Error(code=code, message=message, status=404)
        return self._answered(response, self.default if found is None else found)

    def _delete(self, response: S3Response, motos_answer: Callable[[], Any]) -> Any:  # noqa: ANN401
        self._authorize(response, "Put")
        found = self.of(response).pop(self._identifier(response), None)
        if found is None and self.list and self.missing:
            code, message = self.missing
            raise S3Error(code=code, message=message, status=404)
        if self.moto_serves:
            motos_answer()
        return 204, {}, ""

    def _list(self, response: S3Response, _motos_answer: Callable[[], Any]) -> Any:  # noqa: ANN401
        self._authorize(response, "Get")
        after = response.querystring.get("continuation-token", [""])[0]
        documents = {str(key): document for key, document in sorted(self.of(response).items(), key=str)}
        left = [key for key in documents if key > after]
        page, truncated = left[:_PAGE], len(left) > _PAGE
        result: Document = {f"{self.member}List": [documents[key] for key in page], "IsTruncated": truncated}
        if after:
            result["ContinuationToken"] = after
        if truncated:
            result["NextContinuationToken"] = page[-1]
        return response.serialized(ActionResult(result))

    def _answered(self, response: S3Response, document: Document) -> Any:  # noqa: ANN401
        # If the payload of the answer is a member, the document is that member; otherwise it is the answer.
        return response.serialized(ActionResult({self.member: document, **document}))

    def _authorize(self, response: S3Response, verb: str) -> None:
        operation = response.data["Action"]
        response.data["Action"] = f"{verb}{self.permission}"
        response._authenticate_and_authorize_s3_action(bucket_name=response.bucket_name)  # noqa: SLF001  moto's way
        response.data["Action"] = operation

    @staticmethod
    def _identifier(response: S3Response) -> str | None:
        identifier: str | None = response.querystring.get("id", [None])[0]
        return identifier
