"""Gap: bucket configurations with ids: analytics, Intelligent-Tiering, inventory and metrics.

moto has only inventories, discards their object versions and cannot delete one. In AWS, each configuration is
put, returned and deleted by its id, and listed in pages. Source: S3 API reference,
PutBucketAnalyticsConfiguration, PutBucketIntelligentTieringConfiguration, PutBucketInventoryConfiguration,
PutBucketMetricsConfiguration and their Get, List and Delete, read 2026-11-24.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlinfra.local_aws.mechanisms.s3_bucket_documents import BucketDocument
from mlinfra.local_aws.mechanisms.s3_bucket_operations import S3Error, serves

if TYPE_CHECKING:
    from moto.s3.responses import S3Response

_SUB_RESOURCES = ("analytics", "intelligent-tiering", "inventory", "metrics")
_FEWEST_DAYS = {"ARCHIVE_ACCESS": 90, "DEEP_ARCHIVE_ACCESS": 180}
_MOST_DAYS = 730


def is_open() -> bool:
    """True if moto cannot delete one of the configurations."""
    return not all(serves("DELETE", each) for each in _SUB_RESOURCES)


def close() -> None:
    """Close the gap: keep all four kinds."""
    for kind in ("Analytics", "IntelligentTiering", "Inventory", "Metrics"):
        BucketDocument(
            member=f"{kind}Configuration",
            put=f"PutBucket{kind}Configuration",
            get=f"GetBucket{kind}Configuration",
            delete=f"DeleteBucket{kind}Configuration",
            list=f"ListBucket{kind}Configurations",
            permission=f"{kind}Configuration",
            missing=("NoSuchConfiguration", "The specified configuration does not exist."),
            settle=_within_tier_days if kind == "IntelligentTiering" else None,
        ).serve()


def _within_tier_days(_response: S3Response, request: dict[str, Any]) -> dict[str, Any]:
    configuration: dict[str, Any] = request["IntelligentTieringConfiguration"]
    tiers = [each["AccessTier"] for each in configuration["Tierings"]]
    if len(set(tiers)) < len(tiers):
        raise S3Error(code="InvalidArgument", message="An access tier can be given only once.")
    for each in configuration["Tierings"]:
        fewest = _FEWEST_DAYS[each["AccessTier"]]
        if not fewest <= each["Days"] <= _MOST_DAYS:
            allowed = f"between {fewest} and {_MOST_DAYS}"
            raise S3Error(code="InvalidArgument", message=f"'Days' for {each['AccessTier']} must be {allowed}.")
    return configuration
