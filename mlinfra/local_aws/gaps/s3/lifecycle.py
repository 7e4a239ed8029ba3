"""Gap: lifecycle configuration of a bucket.

moto discards filters by size, the number of newer noncurrent versions to keep, and the default minimum object
size, so the provider waits for a configuration that never equals the one it put. In AWS, the configuration is
returned as put, with an id added to rules without one, and is refused if its rules contradict each other.
Source: S3 API reference, PutBucketLifecycleConfiguration, and S3 user guide, "Lifecycle configuration
elements" and "Lifecycle rules: conflicts", read 2026-11-24.
"""

from __future__ import annotations

import secrets
from collections import Counter
from itertools import product
from typing import TYPE_CHECKING, Any

from moto.s3.exceptions import MalformedXML
from moto.s3.models import FakeBucket

from mlinfra.local_aws.mechanisms.s3_bucket_documents import BucketDocument
from mlinfra.local_aws.mechanisms.s3_bucket_operations import S3Error

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moto.s3.responses import S3Response

    Rule = dict[str, Any]

_ACTIONS = (
    "Expiration",
    "Transitions",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionTransitions",
    "AbortIncompleteMultipartUpload",
)
_FEWEST_DAYS = {"STANDARD_IA": 30, "ONEZONE_IA": 30}
_KEPT_DAYS = 30
"""Minimum days in either class before a rule moves objects to an archive. Source: S3 user guide, "Transitioning objects
using Amazon S3 Lifecycle", constraints, read 2026-11-26."""
_ARCHIVES = ("GLACIER_IR", "GLACIER", "DEEP_ARCHIVE")
_MOST_NEWER_VERSIONS = 100


def is_open() -> bool:
    """True if moto discards the number of newer versions to keep."""
    bucket: Any = FakeBucket.__new__(FakeBucket)
    expiration = {"NoncurrentDays": "1", "NewerNoncurrentVersions": "3"}
    bucket.set_lifecycle([{"Status": "Enabled", "Filter": None, "NoncurrentVersionExpiration": expiration}])
    return "3" not in vars(bucket.rules[0]).values()


def close() -> None:
    """Close the gap: keep the configuration as put."""
    BucketDocument(
        member="LifecycleConfiguration",
        put="PutBucketLifecycleConfiguration",
        get="GetBucketLifecycleConfiguration",
        delete="DeleteBucketLifecycle",
        permission="LifecycleConfiguration",
        missing=("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"),
        settle=_settled,
        moto_serves=True,
    ).serve()


def _settled(_response: S3Response, request: dict[str, Any]) -> dict[str, Any]:
    rules: list[Rule] = request["LifecycleConfiguration"]["Rules"]
    for rule in rules:
        if not rule.get("ID"):
            rule["ID"] = secrets.token_urlsafe(36)
    if max(Counter(rule["ID"] for rule in rules).values()) > 1:
        raise S3Error(code="InvalidArgument", message="Rule ID must be unique. Found same ID for more than one rule")
    for rule in rules:
        _require_one_scope(rule)
        for code, message in _complaints(rule):
            raise S3Error(code=code, message=message)
    smallest = request.get("TransitionDefaultMinimumObjectSize", "all_storage_classes_128K")
    return {"Rules": rules, "TransitionDefaultMinimumObjectSize": smallest}


def _require_one_scope(rule: Rule) -> None:
    if ("Filter" in rule) == ("Prefix" in rule) or len(rule.get("Filter", {})) > 1:
        raise MalformedXML
    if "And" in rule.get("Filter", {}) and len(_conditions(rule)) < 2:  # noqa: PLR2004  it joins two or more
        raise MalformedXML


def _complaints(rule: Rule) -> Iterator[tuple[str, str]]:
    if not any(rule.get(action) for action in _ACTIONS):
        yield "InvalidRequest", "At least one action needs to be specified in a rule"
    conditions = _conditions(rule)
    if "Tag" in conditions and rule.get("Expiration", {}).get("ExpiredObjectDeleteMarker"):
        yield "InvalidRequest", "ExpiredObjectDeleteMarker cannot be specified with Tags."
    if rule.get("AbortIncompleteMultipartUpload"):
        if "Tag" in conditions:
            yield "InvalidRequest", "AbortIncompleteMultipartUpload cannot be specified with Tags."
        if conditions & {"ObjectSizeGreaterThan", "ObjectSizeLessThan"}:
            yield "InvalidRequest", "AbortIncompleteMultipartUpload cannot be specified with Object Size."
    yield from _expiration_complaints(rule)
    yield from _transition_complaints(rule)


def _conditions(rule: Rule) -> set[str]:
    """The filter conditions of a rule; each tag of an `And` counts."""
    within = rule.get("Filter", {})
    joined = within.get("And", {})
    names = {*within, *joined} - {"And", "Tags"}
    tags = joined.get("Tags", [])
    return names | {"Tag" for _ in tags[:1]} | {f"Tag {each['Key']}" for each in tags[1:]}


def _expiration_complaints(rule: Rule) -> Iterator[tuple[str, str]]:
    expiration = rule.get("Expiration", {})
    if len(expiration) > 1:
        raise MalformedXML
    if expiration.get("Days", 1) < 1:
        yield "InvalidArgument", "'Days' for Expiration action must be a positive integer"
    noncurrent = rule.get("NoncurrentVersionExpiration", {})
    if noncurrent.get("NoncurrentDays", 1) < 1:
        yield "InvalidArgument", "'NoncurrentDays' for NoncurrentVersionExpiration action must be a positive integer"
    if not 1 <= noncurrent.get("NewerNoncurrentVersions", 1) <= _MOST_NEWER_VERSIONS:
        allowed = f"between 1 and {_MOST_NEWER_VERSIONS}"
        yield "InvalidArgument", f"'NewerNoncurrentVersions' must be {allowed}"
    for transition in rule.get("Transitions", []):
        if "Days" in expiration and transition.get("Days", 0) >= expiration["Days"]:
            than = "must be greater than 'Days' in the Transition action"
            yield "InvalidArgument", f"'Days' in the Expiration action {than}"


def _transition_complaints(rule: Rule) -> Iterator[tuple[str, str]]:
    for action, days in (("Transitions", "Days"), ("NoncurrentVersionTransitions", "NoncurrentDays")):
        transitions = rule.get(action, [])
        for transition in transitions:
            if "StorageClass" not in transition or ("Days" in transition and "Date" in transition):
                raise MalformedXML
            fewest = _FEWEST_DAYS.get(transition["StorageClass"], 0)
            if transition.get(days, fewest) < fewest:
                needed = f"must be greater than or equal to {fewest} for storageClass '{transition['StorageClass']}'"
                yield "InvalidArgument", f"'{days}' in {action.removesuffix('s')} action {needed}"
        if len({each["StorageClass"] for each in transitions}) < len(transitions):
            yield "InvalidArgument", f"'StorageClass' must be different for '{action.removesuffix('s')}' actions"
        moved = {each["StorageClass"]: each[days] for each in transitions if days in each}
        for first, then in product(_FEWEST_DAYS, _ARCHIVES):
            if first in moved and then in moved and moved[then] < moved[first] + _KEPT_DAYS:
                needed = f"must be {_KEPT_DAYS} days more than for StorageClass '{first}'"
                yield "InvalidArgument", f"'{days}' in {action.removesuffix('s')} action for '{then}' {needed}"
