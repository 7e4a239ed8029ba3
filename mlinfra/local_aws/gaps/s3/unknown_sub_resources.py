"""Gap: requests for sub-resources of a bucket that moto does not implement.

moto treats them as requests for the bucket: a DELETE deletes the bucket, a PUT creates it, a GET lists its
objects. In AWS, an operation that an endpoint does not support is refused with NotImplemented, and a method
that a sub-resource does not support with MethodNotAllowed. Source: S3 API reference, "Error responses", read
2026-11-24.
"""

from __future__ import annotations

from mlinfra.local_aws.mechanisms.s3_bucket_operations import refuse_unknown_sub_resources, serves


def is_open() -> bool:
    """True if moto dispatches by the names that it knows, and treats any other as a request for the bucket."""
    return serves("DELETE", "policy") and not serves("DELETE", "metadataTable")


def close() -> None:
    """Close the gap: refuse requests that are not implemented."""
    refuse_unknown_sub_resources()
