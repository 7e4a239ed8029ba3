"""Gap: requester pays.

moto answers GetBucketRequestPayment with a list of the bucket's objects. In AWS, the default payer is the
bucket owner. Source: S3 API reference, GetBucketRequestPayment and PutBucketRequestPayment, read 2026-11-24.
"""

from __future__ import annotations

from mlinfra.local_aws.mechanisms.s3_bucket_documents import BucketDocument
from mlinfra.local_aws.mechanisms.s3_bucket_operations import serves


def is_open() -> bool:
    """True if moto does not implement the operation."""
    return not serves("GET", "requestPayment")


def close() -> None:
    """Close the gap: keep the payer."""
    BucketDocument(
        member="RequestPaymentConfiguration",
        put="PutBucketRequestPayment",
        get="GetBucketRequestPayment",
        permission="BucketRequestPayment",
        default={"Payer": "BucketOwner"},
    ).serve()
