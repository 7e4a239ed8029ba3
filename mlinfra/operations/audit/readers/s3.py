"""S3: buckets of all regions, with their public access and size."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from mlinfra.operations.audit.found import Charge, Found, Metric, Place, tags_of
from mlinfra.operations.audit.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_PAGE: Final = 1000
_PARALLEL: Final = 8
"""The number of buckets that are read at the same time, with three requests each."""

_ABSENT: Final = frozenset({"NoSuchTagSet", "NoSuchPublicAccessBlockConfiguration", "NoSuchBucketPolicy"})
_BLOCKS: Final = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
_GIB: Final = 1024**3


def _buckets(s3: Any, place: Place) -> Iterator[Found]:  # noqa: ANN401  boto3 makes its clients at run time
    # With MaxBuckets, the response has pages and the region of each bucket (S3 API reference, "ListBuckets", read
    # 2026-11-29).
    refusals: list[ClientError] = []
    for page in s3.get_paginator("list_buckets").paginate(PaginationConfig={"PageSize": _PAGE}):
        with ThreadPoolExecutor(_PARALLEL) as pool:
            yield from pool.map(lambda each: _bucket(s3, each, place, refusals), page["Buckets"])
    # A policy that denies the settings of one bucket hides no other bucket.
    if refusals:
        raise refusals[0]


def _bucket(s3: Any, each: Mapping[str, Any], place: Place, refusals: list[ClientError]) -> Found:  # noqa: ANN401
    name = each["Name"]
    region = each.get("BucketRegion") or ""
    tags: dict[str, str] = {}
    problems = []
    try:
        region = region or _region(s3, name)
        owned = {"Bucket": name, "ExpectedBucketOwner": place.account_id}
        tags = tags_of(_or_empty(lambda: s3.get_bucket_tagging(**owned)).get("TagSet"))
        block = _or_empty(lambda: s3.get_public_access_block(**owned)).get("PublicAccessBlockConfiguration", {})
        status = _or_empty(lambda: s3.get_bucket_policy_status(**owned)).get("PolicyStatus", {})
    except ClientError as error:
        refusals.append(error)
        problems.append("The settings of the bucket could not be read.")
    else:
        if status.get("IsPublic"):
            problems.append("The policy of the bucket grants access to the public.")
        if not all(block.get(each) for each in _BLOCKS):
            problems.append("The bucket does not block all public access; the account may.")
    return Found(
        region or place.region,
        "s3",
        "bucket",
        name,
        name,
        f"arn:{place.partition}:s3:::{name}",
        "",
        each.get("CreationDate"),
        tags,
        metrics=(size_metric(name),),
        problems=tuple(problems),
    )


def size_metric(name: str) -> Metric:
    """The size of the objects of a bucket in the storage class Standard, which S3 reports once a day."""
    return Metric(
        "bytes",
        "AWS/S3",
        "BucketSizeBytes",
        {"BucketName": name, "StorageType": "StandardStorage"},
        period=timedelta(days=1),
        window=timedelta(days=3),
    )


def size_charge(size_bytes: float) -> Charge:
    """The charge for the objects of a bucket in the storage class Standard.

    Args:
        size_bytes: the size of its objects, in bytes.
    """
    note = "Objects of the class Standard at the price of the first 50 TB; other classes and requests are not included."
    return Charge("s3", "storage_standard_first_50tb", size_bytes / _GIB, note=note)


def _region(s3: Any, name: str) -> str:  # noqa: ANN401
    # No constraint means us-east-1, and EU means eu-west-1 (S3 API reference, "GetBucketLocation", read 2026-11-29).
    constraint = s3.get_bucket_location(Bucket=name).get("LocationConstraint") or "us-east-1"
    return "eu-west-1" if constraint == "EU" else str(constraint)


def _or_empty(request: Callable[[], Any]) -> Mapping[str, Any]:
    """The response, or an empty one if the bucket has no such setting."""
    try:
        response: Mapping[str, Any] = request()
    except ClientError as error:
        if error.response["Error"].get("Code") in _ABSENT:
            return {}
        raise
    return response


READERS: Final = (
    Reader(
        "s3",
        ("bucket",),
        (
            "s3:ListAllMyBuckets",
            "s3:GetBucketLocation",
            "s3:GetBucketTagging",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketPolicyStatus",
        ),
        _buckets,
        is_global=True,
    ),
)
"""All readers of S3."""
