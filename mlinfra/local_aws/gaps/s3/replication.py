"""Gap: replication configuration of a bucket.

moto discards filters, delete markers, selection criteria and existing objects. In AWS, the configuration is
returned as put, with an id added to rules without one. Both buckets must be versioned, and rules with a
filter require a unique priority and a setting for delete markers. Source: S3 API reference,
PutBucketReplication, and S3 user guide, "Replication configuration file elements", read 2026-11-24.
"""

from __future__ import annotations

import secrets
from collections import Counter
from typing import TYPE_CHECKING, Any

from moto.s3.exceptions import MalformedXML, MissingBucket, VersioningNotEnabledForReplication
from moto.s3.responses import S3Response

from mlinfra.local_aws.mechanisms.s3_bucket_documents import BucketDocument
from mlinfra.local_aws.mechanisms.s3_bucket_operations import S3Error

if TYPE_CHECKING:
    from collections.abc import Iterator

    Rule = dict[str, Any]

_SCHEMA = "must be specified for this version of Cross Region Replication configuration schema."


def is_open() -> bool:
    """True if moto returns rules with settings that were never put."""
    return "SourceSelectionCriteria" not in S3Response.get_bucket_replication.__code__.co_consts


def close() -> None:
    """Close the gap: keep the configuration as put."""
    BucketDocument(
        member="ReplicationConfiguration",
        put="PutBucketReplication",
        get="GetBucketReplication",
        delete="DeleteBucketReplication",
        permission="ReplicationConfiguration",
        missing=("ReplicationConfigurationNotFoundError", "The replication configuration was not found"),
        settle=_settled,
    ).serve()


def _settled(response: S3Response, request: dict[str, Any]) -> dict[str, Any]:
    if not response.backend.get_bucket(response.bucket_name).is_versioned:
        raise VersioningNotEnabledForReplication(bucket_name=response.bucket_name)
    configuration: dict[str, Any] = request["ReplicationConfiguration"]
    rules: list[Rule] = configuration["Rules"]
    for rule in rules:
        if "Filter" in rule and "Prefix" in rule:
            raise MalformedXML
        if not rule.get("ID"):
            rule["ID"] = secrets.token_urlsafe(36)
        _require_versioned_destination(response, rule)
    for complaint in _complaints(rules):
        raise S3Error(code="InvalidRequest", message=complaint)
    return configuration


def _require_versioned_destination(response: S3Response, rule: Rule) -> None:
    name = rule["Destination"]["Bucket"].rsplit(":", 1)[-1]
    try:
        bucket = response.backend.get_bucket(name)
    except MissingBucket:
        raise S3Error(code="InvalidRequest", message="Destination bucket must exist.") from None
    if not bucket.is_versioned:
        raise S3Error(code="InvalidRequest", message="Destination bucket must have versioning enabled.")


def _complaints(rules: list[Rule]) -> Iterator[str]:
    if max(Counter(rule["ID"] for rule in rules).values()) > 1:
        yield "Rule Id must be unique. Found same Id for more than one rule"
    filtered = [rule for rule in rules if "Filter" in rule]
    for rule in filtered:
        for member in ("Priority", "DeleteMarkerReplication"):
            if member not in rule:
                yield f"{member} {_SCHEMA}"
        if rule["DeleteMarkerReplication"].get("Status") == "Enabled" and _by_tag(rule["Filter"]):
            yield "Delete marker replication is not supported if any Tag filter is specified."
    for priority, count in Counter(rule["Priority"] for rule in filtered).items():
        if count > 1:
            yield f"Found duplicate priority {priority}. Priorities must be unique."


def _by_tag(within: dict[str, Any]) -> bool:
    return bool(within.get("Tag") or within.get("And", {}).get("Tags"))
