"""Gap: default retention of a bucket with Object Lock.

moto refuses to change it once the bucket contains objects, and returns a number of years instead of the days
that were put. In AWS, it can be changed at any time and applies to objects created afterwards. Source: S3 API
reference, PutObjectLockConfiguration and GetObjectLockConfiguration, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.s3.exceptions import InvalidBucketState, MalformedXML
from moto.s3.models import S3Backend

from mlinfra.local_aws.mechanisms.s3_bucket_documents import BucketDocument
from mlinfra.local_aws.mechanisms.s3_bucket_operations import S3Error, answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.s3.responses import S3Response


def is_open() -> bool:
    """True if moto requires an empty bucket."""
    return "BucketNeedsToBeNew" in S3Backend.put_object_lock_configuration.__code__.co_names


def close() -> None:
    """Close the gap: keep the configuration as put, whether or not the bucket is empty."""
    _DOCUMENT.serve()
    answer(_DOCUMENT.get, _get)


def _settled(response: S3Response, request: dict[str, Any]) -> dict[str, Any]:
    bucket = response.backend.get_bucket(response.bucket_name)
    if not bucket.is_versioned:
        message = "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration"
        raise InvalidBucketState(message)
    configuration: dict[str, Any] = request["ObjectLockConfiguration"]
    retention = configuration.get("Rule", {}).get("DefaultRetention", {})
    has_both_or_none = ("Days" in retention) == ("Years" in retention)
    if "ObjectLockEnabled" not in configuration or (retention and has_both_or_none):
        raise MalformedXML
    # moto applies these attributes to new objects.
    bucket.object_lock_enabled = True
    bucket.default_lock_mode = retention.get("Mode")
    bucket.default_lock_days = retention.get("Days", 0)
    bucket.default_lock_years = retention.get("Years", 0)
    return configuration


def _get(response: S3Response, motos_answer: Callable[[], Any]) -> Any:  # noqa: ANN401  moto's types
    if response.backend.get_bucket(response.bucket_name).object_lock_enabled:
        return _DOCUMENT.give(response, motos_answer)
    message = "Object Lock configuration does not exist for this bucket"
    raise S3Error(code="ObjectLockConfigurationNotFoundError", message=message, status=404)


_DOCUMENT = BucketDocument(
    member="ObjectLockConfiguration",
    put="PutObjectLockConfiguration",
    get="GetObjectLockConfiguration",
    permission="BucketObjectLockConfiguration",
    default={"ObjectLockEnabled": "Enabled"},
    settle=_settled,
)
