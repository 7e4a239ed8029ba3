"""Configurations of a bucket that S3 keeps as they are put, gives back, and lists by their ids."""

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
"""How many configurations S3 lists at once."""


@dataclass(frozen=True)
class BucketDocument:
    """One kind of configuration.

    Args:
        member: what the API calls the document in a request, such as `MetricsConfiguration`.
        put: the operation that sets it.
        get: the operation that gives it back.
        delete: the operation that removes it. Default: none, an empty document is put in its place.
        list: the operation that lists them. Default: none, as a bucket has one.
        permission: what IAM calls it after `s3:Get` and `s3:Put`.
        missing: the code and message of the error where there is none, with status 404.
            Default: none, `default` is given back.
        default: what a bucket has by itself. Default: an empty document.
        settle: takes moto's response and the request, raises where S3 refuses what the model allows, and
            returns the document that S3 keeps. Default: whatever the model allows, as it was put.
        moto_serves: whether moto also answers to it, and is left to act on what is put. Default: no.
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
        """Answer the operations on it."""
        answer(self.put, self._put)
        answer(self.get, self.give)
        if self.delete:
            answer(self.delete, self._delete)
        if self.list:
            answer(self.list, self._list)

    def of(self, response: S3Response, bucket_name: str | None = None) -> dict[str | None, Document]:
        """What a bucket has of this kind, by id; of a kind without ids, there is one with the id None."""
        make: Callable[[], WeakKeyDictionary[FakeBucket, dict[str | None, Document]]] = WeakKeyDictionary
        # Weakly, so that a bucket which is deleted and made again starts anew.
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
        """Give back what a request asks for, or raise that it is missing."""
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
        # Where the answer's payload is a member, the document is that member; else it is the answer.
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
