"""Gap: server access logging of a bucket.

moto discards the format of the log keys, and fails for target buckets with a policy that it cannot parse: a
statement for everyone, several resources in one statement, a wildcard among the actions. In AWS, the logging
service requires permission to put objects below the prefix. Source: S3 API reference, PutBucketLogging, and
S3 user guide, "Enabling Amazon S3 server access logging", read 2026-11-24.
"""

from __future__ import annotations

import fnmatch
import json
from typing import Any

from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

from mlinfra.local_aws.mechanisms.s3_bucket_documents import BucketDocument

_LOGGING = "logging.s3.amazonaws.com"


def is_open() -> bool:
    """True if moto discards the format of the keys."""
    return "TargetObjectKeyFormat" not in S3Response.get_bucket_logging.__code__.co_consts


def close() -> None:
    """Close the gap: keep the configuration as put, and evaluate the target's policy as IAM does."""
    FakeBucket._log_permissions_enabled_policy = staticmethod(_is_logging_allowed)  # type: ignore[method-assign]  # noqa: SLF001  the method that moto calls
    BucketDocument(
        member="BucketLoggingStatus",
        put="PutBucketLogging",
        get="GetBucketLogging",
        permission="BucketLogging",
        moto_serves=True,
    ).serve()


def _is_logging_allowed(target_bucket: FakeBucket, target_prefix: str | None) -> bool:
    if not target_bucket.policy:
        return False
    statements = json.loads(target_bucket.policy)["Statement"]
    return any(
        statement["Effect"] == "Allow"
        and _LOGGING in _services(statement.get("Principal"))
        and _has_one_for("s3:PutObject", statement.get("Action"))
        and _has_one_for(f"{target_bucket.arn}/{target_prefix or ''}2026-01-01", statement.get("Resource"))
        for statement in _listed(statements)
    )


def _services(principal: Any) -> list[str]:  # noqa: ANN401  a policy's JSON has any shape
    return _listed(principal.get("Service")) if isinstance(principal, dict) else []


def _has_one_for(value: str, patterns: Any) -> bool:  # noqa: ANN401
    return any(fnmatch.fnmatchcase(value, pattern) for pattern in _listed(patterns))


def _listed(value: Any) -> list[Any]:  # noqa: ANN401
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
