"""IAM actions of S3 requests, by method and sub-resource.

Source: service authorization reference, "Actions, resources, and condition keys for Amazon S3", and S3 API reference,
"Permissions" of each operation, read 2026-11-29.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_CONFIGURATIONS: Mapping[str, str] = MappingProxyType(
    {
        "accelerate": "AccelerateConfiguration",
        "acl": "BucketAcl",
        "analytics": "AnalyticsConfiguration",
        "cors": "BucketCORS",
        "encryption": "EncryptionConfiguration",
        "intelligent-tiering": "IntelligentTieringConfiguration",
        "inventory": "InventoryConfiguration",
        "lifecycle": "LifecycleConfiguration",
        "logging": "BucketLogging",
        "metrics": "MetricsConfiguration",
        "notification": "BucketNotification",
        "object-lock": "BucketObjectLockConfiguration",
        "ownershipControls": "BucketOwnershipControls",
        "policy": "BucketPolicy",
        "policyStatus": "BucketPolicyStatus",
        "publicAccessBlock": "BucketPublicAccessBlock",
        "replication": "ReplicationConfiguration",
        "requestPayment": "BucketRequestPayment",
        "tagging": "BucketTagging",
        "versioning": "BucketVersioning",
        "website": "BucketWebsite",
    }
)
"""Settings of a bucket that are read with Get and written or deleted with Put, by sub-resource."""

_OBJECT_SETTINGS: Mapping[str, str] = MappingProxyType(
    {"acl": "Acl", "legal-hold": "LegalHold", "retention": "Retention", "tagging": "Tagging"}
)


def s3_action(method: str, *, key: str | None, bucket: str | None, query: Collection[str]) -> str:
    """The IAM action of a request, such as `s3:GetObject`.

    Args:
        method: the HTTP method.
        key: the object's key. None for a request to the bucket.
        bucket: the bucket's name. None for the list of all buckets.
        query: the names in the query string, such as `versionId`.
    """
    if bucket is None:
        return "s3:ListAllMyBuckets"
    return f"s3:{_of_object(method, query) if key else _of_bucket(method, query)}"


def _of_bucket(method: str, query: Collection[str]) -> str:
    setting = next((name for each, name in _CONFIGURATIONS.items() if each in query), None)
    if setting:
        if method == "DELETE" and setting in {"BucketPolicy", "BucketWebsite"}:
            return f"Delete{setting}"
        return f"Get{setting}" if method in {"GET", "HEAD"} else f"Put{setting}"
    if "delete" in query:
        return "DeleteObject"
    if method in {"GET", "HEAD"}:
        listings = {
            "location": "GetBucketLocation",
            "uploads": "ListBucketMultipartUploads",
            "versions": "ListBucketVersions",
        }
        return next((name for each, name in listings.items() if each in query), "ListBucket")
    return {"PUT": "CreateBucket", "DELETE": "DeleteBucket"}.get(method, "PutObject")


def _of_object(method: str, query: Collection[str]) -> str:
    version = "Version" if "versionId" in query else ""
    for each, setting in _OBJECT_SETTINGS.items():
        if each in query:
            of_versions = version if setting in {"Acl", "Tagging"} else ""
            verb = "Get" if method in {"GET", "HEAD"} else "Delete" if method == "DELETE" else "Put"
            return f"{verb}Object{of_versions}{setting}"
    if "restore" in query:
        return "RestoreObject"
    if "uploadId" in query and method in {"GET", "DELETE"}:
        return "ListMultipartUploadParts" if method == "GET" else "AbortMultipartUpload"
    if method in {"GET", "HEAD"}:
        return f"GetObject{version}"
    return f"DeleteObject{version}" if method == "DELETE" else "PutObject"
