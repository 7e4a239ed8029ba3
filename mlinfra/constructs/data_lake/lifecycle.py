"""Lifecycle of a bucket's objects: transitions to cheaper storage classes, and expiry."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from mlinfra._cdk.aws import s3_bucket_lifecycle_configuration as configuration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.constructs.parts import PrivateBucket

_INFREQUENT_ACCESS_MINIMUM = 30
_INFREQUENT_ACCESS_KEPT = 30
"""The minimum number of days in STANDARD_IA before the next transition.

Source: S3 user guide, "Transitioning objects using Amazon S3 Lifecycle", constraints, read 2026-11-26.
"""


@dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """Transitions to cheaper storage classes, and removals. All figures are days.

    Raises:
        ValueError: if S3 would reject the figures.
    """

    infrequent_access_after_days: int | None = None
    """When objects move to STANDARD_IA, at least 30. Default: never."""

    archive_after_days: int | None = None
    """When objects move to GLACIER (Flexible Retrieval: hours until they can be read), at least 30 days after
    `infrequent_access_after_days`. Default: never."""

    intelligent_tiering_after_days: int | None = None
    """When objects move to INTELLIGENT_TIERING; 0: immediately. S3 then moves objects that are not read to cheaper
    tiers of the same speed, for a fee per object of 128 KiB or more. Excludes the other two. Default: never."""

    expire_after_days: int | None = None
    """When objects are deleted. Default: never."""

    expire_old_versions_after_days: int | None = None
    """When a version that is no longer the current one is deleted. Default: never."""

    abort_uploads_after_days: int = 7
    """When an unfinished multipart upload, invisible but billed, is removed. Default: 7."""

    def __post_init__(self) -> None:
        given = {name: days for name, days in asdict(self).items() if days is not None}
        for name, days in given.items():
            least = 0 if name == "intelligent_tiering_after_days" else 1
            if days < least:
                message = f"{name} must be at least {least}, got {days}."
                raise ValueError(message)
        infrequent = self.infrequent_access_after_days
        if infrequent is not None and infrequent < _INFREQUENT_ACCESS_MINIMUM:
            message = (
                f"infrequent_access_after_days must be at least {_INFREQUENT_ACCESS_MINIMUM}, got {infrequent}: S3 "
                f"does not move younger objects to STANDARD_IA."
            )
            raise ValueError(message)
        if infrequent and self.archive_after_days and self.archive_after_days < infrequent + _INFREQUENT_ACCESS_KEPT:
            message = (
                f"archive_after_days={self.archive_after_days} is less than {_INFREQUENT_ACCESS_KEPT} days after "
                f"infrequent_access_after_days={infrequent}, the shortest time in STANDARD_IA. Expected: "
                f"{infrequent + _INFREQUENT_ACCESS_KEPT} or more, or only one of the two fields."
            )
            raise ValueError(message)
        tiering = self.intelligent_tiering_after_days
        if tiering is not None and (infrequent or self.archive_after_days):
            message = (
                f"intelligent_tiering_after_days={tiering} cannot be combined with other transitions, which would move "
                f"objects out of INTELLIGENT_TIERING. Expected: only this field, or infrequent_access_after_days and "
                f"archive_after_days."
            )
            raise ValueError(message)
        moved = self.archive_after_days or infrequent or tiering
        if self.expire_after_days and moved and self.expire_after_days <= moved:
            message = (
                f"expire_after_days={self.expire_after_days} is not after the last transition, at {moved} days. "
                f"Expected: more than {moved}, or no transition."
            )
            raise ValueError(message)

    def apply_to(
        self, bucket: PrivateBucket, *, prefixes: Mapping[str, Lifecycle] | None = None
    ) -> configuration.S3BucketLifecycleConfiguration:
        """Make these the rules of `bucket`, which may have no others.

        Args:
            bucket: the bucket.
            prefixes: additional rules for the keys with a prefix, by prefix. Where several rules delete an object, S3
                applies the shortest time. Default: none. Source: S3 user guide, "Lifecycle rules: conflicts".
        """
        by_prefix = {"": self, **(prefixes or {})}
        return configuration.S3BucketLifecycleConfiguration(
            bucket,
            "lifecycle",
            bucket=bucket.bucket.id,
            rule=[
                each._rule(prefix.strip("/_") or "age", prefix)  # noqa: SLF001  the same class
                for prefix, each in by_prefix.items()
            ],
            # Rules about old versions require versioning.
            depends_on=[bucket.versioning],
        )

    def _rule(self, id: str, prefix: str) -> configuration.S3BucketLifecycleConfigurationRule:  # noqa: A002
        old_versions = self.expire_old_versions_after_days
        return configuration.S3BucketLifecycleConfigurationRule(
            id=id,
            status="Enabled",
            filter=[configuration.S3BucketLifecycleConfigurationRuleFilter(prefix=prefix)],
            transition=self._transitions() or None,
            expiration=(
                [configuration.S3BucketLifecycleConfigurationRuleExpiration(days=self.expire_after_days)]
                if self.expire_after_days
                else None
            ),
            noncurrent_version_expiration=(
                [
                    configuration.S3BucketLifecycleConfigurationRuleNoncurrentVersionExpiration(
                        noncurrent_days=old_versions
                    )
                ]
                if old_versions
                else None
            ),
            abort_incomplete_multipart_upload=[
                configuration.S3BucketLifecycleConfigurationRuleAbortIncompleteMultipartUpload(
                    days_after_initiation=self.abort_uploads_after_days
                )
            ],
        )

    def _transitions(self) -> list[configuration.S3BucketLifecycleConfigurationRuleTransition]:
        moves = {
            "STANDARD_IA": self.infrequent_access_after_days,
            "GLACIER": self.archive_after_days,
            "INTELLIGENT_TIERING": self.intelligent_tiering_after_days,
        }
        return [
            configuration.S3BucketLifecycleConfigurationRuleTransition(days=days, storage_class=storage_class)
            for storage_class, days in moves.items()
            if days is not None
        ]
