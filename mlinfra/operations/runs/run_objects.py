"""The objects of a run in the data lake: specification, result, uncommitted changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from mlinfra.errors import OperationError
from mlinfra.functions.clients import error_code
from mlinfra.operations.aws import aws_errors_explained
from mlinfra.runner import RunSpecification

if TYPE_CHECKING:
    from mlinfra.operations.aws import AwsAccount
    from mlinfra.operations.runs.recorded_run import Run

_MISSING: Final = frozenset({"NoSuchKey", "404", "NoSuchBucket"})


def read_specification(account: AwsAccount, run: Run) -> RunSpecification:
    """The specification of a run.

    Raises:
        OperationError: if it does not exist, was written by a newer version, or may not be read.
    """
    if run.bucket is None or run.specification_key is None:
        message = f"The record of the run {run.run_id} does not name its specification."
        raise OperationError(message)
    text = read_object(account, run.bucket, run.specification_key)
    where = f"s3://{run.bucket}/{run.specification_key}"
    if text is None:
        message = f"The specification of the run {run.run_id} no longer exists: {where}"
        raise OperationError(message)
    try:
        return RunSpecification.from_json(text)
    except ValueError as error:
        message = f"The specification of the run {run.run_id} cannot be read. {error} It is {where}"
        raise OperationError(message) from None


def read_object(account: AwsAccount, bucket: str, key: str) -> bytes | None:
    """The content of an object; None: it does not exist.

    Raises:
        OperationError: if it may not be read.
    """
    with aws_errors_explained():
        try:
            answer: Any = account.client("s3").get_object(Bucket=bucket, Key=key)
            content: bytes = answer["Body"].read()
        except ClientError as error:
            # Without s3:ListBucket, S3 answers with 403 for a key that does not exist.
            if error_code(error) not in _MISSING:
                raise
            return None
    return content
