"""Upload of archives to the models zone: an archive is uploaded one time, since its key contains its digest."""

from __future__ import annotations

import base64
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from boto3.exceptions import S3UploadFailedError
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from mlinfra.command import deploy_command
from mlinfra.errors import OperationError
from mlinfra.functions.clients import error_code
from mlinfra.operations.aws import aws_errors_explained

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlinfra.declarations import Environment
    from mlinfra.operations.aws import AwsAccount
    from mlinfra.operations.runs.archives import Archive

_PART_BYTES: Final = 8 * 1024**2
"""The size from which an archive is uploaded in parts, and that of a part."""
_EXISTS: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
"""The codes of a conditional PutObject if the object exists, or another upload is in progress (S3 user guide, "How to
prevent object overwrites with conditional writes", read 2026-11-30)."""
_NOT_FOUND: Final = frozenset({"404", "NoSuchKey", "NotFound"})


class ModelsZone:
    """The bucket of the models zone of an environment, for objects that are written once."""

    def __init__(self, environment: Environment, account: AwsAccount) -> None:
        self._environment = environment
        self.bucket = environment.names.bucket("models")
        self._client: Any = account.client("s3")

    def upload(self, archive: Archive, key: str, *, on_bytes: Callable[[int], None] = lambda _: None) -> bool:
        """Upload an archive, unless it is there already.

        Args:
            archive: the archive.
            key: the object key, which contains the digest.
            on_bytes: receives the number of bytes after each uploaded part, in other threads than the caller's.

        Returns:
            False if it was there.

        Raises:
            OperationError: if AWS refuses, or the bucket does not exist.
        """
        with self._errors_explained():
            if self._has(key, archive.bytes):
                return False
            if archive.bytes < _PART_BYTES:
                return self._put(key, archive.path.read_bytes(), archive.sha256)
            # S3 verifies the checksum of each part. s3transfer has no conditional upload: two equal uploads at the same
            # time write the same bytes.
            self._client.upload_file(
                str(archive.path),
                self.bucket,
                key,
                ExtraArgs={"ChecksumAlgorithm": "SHA256"},
                Config=TransferConfig(multipart_threshold=_PART_BYTES, multipart_chunksize=_PART_BYTES),
                Callback=on_bytes,
            )
            return True

    def write(self, key: str, content: bytes, *, content_type: str) -> None:
        """Write an object that must not exist.

        Raises:
            OperationError: if it exists, AWS refuses, or the bucket does not exist.
        """
        with self._errors_explained():
            self._client.put_object(
                Bucket=self.bucket, Key=key, Body=content, ContentType=content_type, IfNoneMatch="*"
            )

    def uri(self, key: str) -> str:
        """The URI of an object or prefix."""
        return f"s3://{self.bucket}/{key}"

    def _has(self, key: str, size: int) -> bool:
        try:
            answer = self._client.head_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            # Without permission to list the bucket, S3 answers 403 for a key that does not exist. The upload is refused
            # with a clear message, if it is not permitted either.
            if error_code(error) in {*_NOT_FOUND, "403"}:
                return False
            raise
        return bool(answer["ContentLength"] == size)

    def _put(self, key: str, content: bytes, sha256: str) -> bool:
        try:
            self._client.put_object(
                Bucket=self.bucket,
                Key=key,
                Body=content,
                IfNoneMatch="*",
                ChecksumSHA256=base64.b64encode(bytes.fromhex(sha256)).decode(),
            )
        except ClientError as error:
            if error_code(error) in _EXISTS:
                return False
            raise
        return True

    @contextmanager
    def _errors_explained(self) -> Iterator[None]:
        with aws_errors_explained():
            try:
                yield
            except (ClientError, S3UploadFailedError) as error:
                # boto3 wraps errors of uploads in parts.
                cause = error if isinstance(error, ClientError) else error.__context__
                if not isinstance(cause, ClientError):
                    raise OperationError(str(error)) from error
                if error_code(cause) != "NoSuchBucket":
                    raise cause from None
                stack = self._environment.names.stack_id("data")
                message = (
                    f"The bucket {self.bucket} does not exist, and runs keep their code and outputs in it. Deploy it "
                    f"first: {deploy_command(self._environment.name, stack)}"
                )
                raise OperationError(message) from None
