"""Who pays for requests to a bucket.

moto answers to the question with a list of the bucket's objects. In AWS it is the bucket's owner until
set otherwise. Source: S3 API reference, GetBucketRequestPayment and PutBucketRequestPayment, read
2026-11-24.
"""

from __future__ import annotations

from mlinfra.local_aws.mechanisms.s3_bucket_documents import BucketDocument
from mlinfra.local_aws.mechanisms.s3_bucket_operations import serves


def is_open() -> bool:
    """Whether moto still takes the question for another."""
    return not serves("GET", "requestPayment")


def close() -> None:
    """Keep who pays."""
    BucketDocument(
        member="RequestPaymentConfiguration",
        put="PutBucketRequestPayment",
        get="GetBucketRequestPayment",
        permission="BucketRequestPayment",
        default={"Payer": "BucketOwner"},
    ).serve()
