"""Where a zone of a data lake is copied to: another region, or another account."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from mlinfra._cdk import Token
from mlinfra.catalog import aws_regions

StorageClass = Literal[
    "STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"
]

_BUCKET_ARN = re.compile(r"arn:aws:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_KEY_ARN = re.compile(r"arn:aws:kms:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):key/[\w-]+")


@dataclass(frozen=True, kw_only=True)
class Replication:
    """A bucket that new objects of a zone are copied to.

    It has to be there, with versions, and let the copies in: `DataLake.replication(zone)` has the statements for its
    policy and its key's. What is in the zone already is not copied; S3 Batch Replication does that, once.

    Raises:
        ValueError: where a field is not what S3 takes.
    """

    bucket_arn: str
    """The ARN of the bucket that takes the copies. Its versions have to be on."""

    key_arn: str
    """The ARN of the KMS key that encrypts the copies, in the region of that bucket."""

    region: str
    """The region of that bucket, such as eu-west-1."""

    account_id: str | None = None
    """The account of that bucket, which then owns the copies. Default: the lake's own."""

    prefix: str = ""
    """Only objects below it, such as `ranker/`. Default: all."""

    delete_markers: bool = False
    """Whether a deletion without a version hides the copy too. Default: False, so that a copy outlives a mistake."""

    metrics: bool = True
    """Whether CloudWatch is told what waits and what failed, at the price of custom metrics. Default: True: without
    them nobody learns that copies fall behind."""

    replication_time_control: bool = False
    """Whether S3 has to copy 99.9% of objects within 15 minutes, which costs extra for each GB. Default: False."""

    storage_class: StorageClass | None = None
    """The storage class of the copies. Default: that of the object."""

    def __post_init__(self) -> None:
        problems = [*self._destination_problems(), *self._rule_problems()]
        if problems:
            raise ValueError(problems[0])

    def _destination_problems(self) -> list[str]:
        problems = []
        if not Token.is_unresolved(self.bucket_arn) and not _BUCKET_ARN.fullmatch(self.bucket_arn):
            problems.append(
                f"bucket_arn={self.bucket_arn!r} is no bucket's ARN. Expected: such as arn:aws:s3:::recsys-prod-copy."
            )
        if self.region not in aws_regions():
            problems.append(f"region={self.region!r} is not an AWS region. Expected: such as eu-west-1.")
        if self.account_id is not None and not re.fullmatch(r"\d{12}", self.account_id):
            problems.append(f"account_id={self.account_id!r} is no account. Expected: exactly 12 digits, as text.")
        if not Token.is_unresolved(self.key_arn):
            key = _KEY_ARN.fullmatch(self.key_arn)
            if not key:
                problems.append(
                    f"key_arn={self.key_arn!r} is no key's ARN. Expected: arn:aws:kms:REGION:ACCOUNT:key/ID; an alias "
                    f"would be looked up in the account of the lake."
                )
            elif key["region"] != self.region:
                problems.append(
                    f"key_arn={self.key_arn!r} is of another region than the bucket. Expected: a key in {self.region}."
                )
        return problems

    def _rule_problems(self) -> list[str]:
        problems = []
        if self.prefix.startswith("/") or "*" in self.prefix:
            problems.append(f"prefix={self.prefix!r} does not fit. Expected: how keys begin, such as 'ranker/'.")
        if self.replication_time_control and not self.metrics:
            problems.append(
                "metrics=False does not fit: S3 wants metrics with replication_time_control. Expected: True."
            )
        if self.storage_class is not None and self.storage_class not in get_args(StorageClass):
            problems.append(
                f"storage_class={self.storage_class!r} is none of S3's. Expected: {', '.join(get_args(StorageClass))}."
            )
        return problems
