"""Object lock of a bucket: the retention of each object version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mlinfra._cdk.aws import s3_bucket_object_lock_configuration as configuration

if TYPE_CHECKING:
    from mlinfra.constructs.parts import PrivateBucket

_MODES = ("GOVERNANCE", "COMPLIANCE")
_LONGEST_DAYS = 36_500


@dataclass(frozen=True, kw_only=True)
class ObjectLock:
    """Retention of new objects: no version can be deleted or overwritten during that time.

    It applies to objects that are created after it is enabled. Object lock and versioning of a bucket can never be
    disabled: removing the value from the code ends the retention of later objects, not of existing ones.

    Raises:
        ValueError: if the mode is unknown to S3, or the days are not 1 to 36500.
    """

    days: int
    """The retention of each version in days from its upload, 1 to 36500."""

    mode: Literal["GOVERNANCE", "COMPLIANCE"] = "GOVERNANCE"
    """GOVERNANCE: principals with `s3:BypassGovernanceRetention` may delete earlier. COMPLIANCE: no principal can, not
    even the account's root user. Default: GOVERNANCE, because a mistake can be corrected."""

    def __post_init__(self) -> None:
        if self.mode not in _MODES:
            message = f"mode={self.mode!r} is not a mode of object lock. Expected: {' or '.join(_MODES)}."
            raise ValueError(message)
        if not 1 <= self.days <= _LONGEST_DAYS:
            message = f"days must be 1 to {_LONGEST_DAYS}, got {self.days}."
            raise ValueError(message)

    def apply_to(self, bucket: PrivateBucket) -> configuration.S3BucketObjectLockConfigurationA:
        """Enable the retention of new objects in `bucket`."""
        # Not `object_lock_enabled` of the bucket: the provider (5.100 and 6) replaces a bucket whose value changes.
        # This resource turns object lock on in a bucket that is there, which S3 allows since November 2023.
        # Source: issues 35153 and 36529 of hashicorp/terraform-provider-aws.
        return configuration.S3BucketObjectLockConfigurationA(
            bucket,
            "object-lock",
            bucket=bucket.bucket.id,
            rule=configuration.S3BucketObjectLockConfigurationRuleA(
                default_retention=configuration.S3BucketObjectLockConfigurationRuleDefaultRetentionA(
                    mode=self.mode, days=self.days
                )
            ),
            # S3 locks objects in buckets with versions only.
            depends_on=[bucket.versioning],
        )
