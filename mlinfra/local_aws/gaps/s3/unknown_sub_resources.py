"""Requests for sub-resources of a bucket that are not served.

moto answers them as if the bucket itself were meant: a DELETE of one deletes the bucket, a PUT
creates it, a GET lists its objects. In AWS an operation that an endpoint does not have is refused
with NotImplemented, and a method that a sub-resource does not have with MethodNotAllowed. Source:
S3 API reference, "Error responses", read 2026-11-24.
"""

from __future__ import annotations

from mlinfra.local_aws.mechanisms.s3_bucket_operations import refuse_the_unknown, serves


def is_open() -> bool:
    """Whether moto still dispatches by the names that it knows, and takes any other for the bucket."""
    return serves("DELETE", "policy") and not serves("DELETE", "metadataTable")


def close() -> None:
    """Refuse what nobody serves."""
    refuse_the_unknown()
