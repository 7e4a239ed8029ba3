"""Replication of one zone of a data lake: its settings, and its permissions on both sides."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from mlinfra._cdk import Construct, Token
from mlinfra._cdk.aws import iam_role, iam_role_policy, s3_bucket_replication_configuration as configuration
from mlinfra.catalog import aws_regions
from mlinfra.constructs.parts import policy_document, statement, trust_policy, workload_role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.constructs.parts import Conditions, PrivateBucket
    from mlinfra.declarations import Environment

StorageClass = Literal[
    "STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"
]

_BUCKET_ARN = re.compile(r"arn:aws:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_KEY_ARN = re.compile(r"arn:aws:kms:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):key/[\w-]+")
_CONTROLLED_MINUTES = 15  # the only value that S3 accepts
_WRITE_COPIES = ("s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags")
_OWN_COPIES = "s3:ObjectOwnerOverrideToBucketOwner"
# S3 needs Encrypt, and GenerateDataKey if the destination has a bucket key. S3 decrypts the bucket key before each use,
# to verify its integrity, and fails without Decrypt. Source: S3 user guide, "Replicating encrypted
# objects", "Amazon S3 Bucket Keys and replication", read 2026-11-26.
_ENCRYPT_COPIES = ("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey")


@dataclass(frozen=True, kw_only=True)
class Replication:
    """A bucket to which new objects of a zone are copied.

    The bucket must exist, with versioning, and its policy and the policy of its key must allow the copies:
    `DataLake.replication(zone)` has the statements. Copy existing objects with S3 Batch Replication.

    Raises:
        ValueError: if S3 does not accept a field.
    """

    bucket_arn: str
    """The ARN of the destination bucket, which must have versioning enabled."""

    key_arn: str
    """The ARN of the KMS key that encrypts the copies, in the region of that bucket."""

    region: str
    """The region of that bucket, such as eu-west-1."""

    account_id: str | None = None
    """The account of that bucket, which then owns the copies. Default: the lake's own."""

    prefix: str = ""
    """Only objects below it, such as `ranker/`. Default: all."""

    delete_markers: bool = False
    """True if a deletion without a version also hides the copy. Default: False, so that a copy survives a mistake."""

    metrics: bool = True
    """True if pending and failed copies are reported to CloudWatch, billed as custom metrics. Default: True: without
    them, a replication delay is not noticed."""

    replication_time_control: bool = False
    """True if S3 must copy 99.9% of objects within 15 minutes, for an extra cost per GB. Default: False."""

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
                f"bucket_arn={self.bucket_arn!r} is not a bucket ARN. Expected: an ARN like "
                f"arn:aws:s3:::recsys-prod-copy."
            )
        if self.region not in aws_regions():
            problems.append(f"region={self.region!r} is not an AWS region. Expected: for example eu-west-1.")
        if self.account_id is not None and not re.fullmatch(r"\d{12}", self.account_id):
            problems.append(
                f"account_id={self.account_id!r} is not an account id. Expected: exactly 12 digits, as text."
            )
        if not Token.is_unresolved(self.key_arn):
            key = _KEY_ARN.fullmatch(self.key_arn)
            if not key:
                problems.append(
                    f"key_arn={self.key_arn!r} is not a key ARN. Expected: arn:aws:kms:REGION:ACCOUNT:key/ID; an alias "
                    f"would be looked up in the account of the lake."
                )
            elif key["region"] != self.region:
                problems.append(
                    f"key_arn={self.key_arn!r} is not in the region of the bucket. Expected: a key in {self.region}."
                )
        return problems

    def _rule_problems(self) -> list[str]:
        problems = []
        if self.prefix.startswith("/") or "*" in self.prefix:
            problems.append(
                f"prefix={self.prefix!r} is not valid. Expected: the beginning of object keys, such as 'ranker/'."
            )
        if self.replication_time_control and not self.metrics:
            problems.append(
                "metrics=False is not possible: S3 requires metrics for replication_time_control. Expected: True."
            )
        if self.storage_class is not None and self.storage_class not in get_args(StorageClass):
            problems.append(
                f"storage_class={self.storage_class!r} is not a storage class of S3. Expected: "
                f"{', '.join(get_args(StorageClass))}."
            )
        return problems


class DataLakeReplication(Construct):
    """The replication rule of a zone, and the role with which S3 replicates. `DataLake` creates it."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        name: str,
        source: PrivateBucket,
        source_key_arn: str,
        replication: Replication,
        locked: bool,
        environment: Environment,
    ) -> None:
        """Declare the replication.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            name: the name of its role.
            source: the bucket of the zone.
            source_key_arn: the key that encrypts the zone.
            replication: the destination, and the settings.
            locked: whether the zone has object lock, which copies take along.
            environment: the environment of the zone.
        """
        super().__init__(scope, id)
        self._name = name
        self._source = source
        self._replication = replication
        self._environment = environment
        self._role = workload_role(
            self,
            "role",
            environment=environment,
            name=name,
            description=f"Copies {source.name} to {replication.region}.",
            trust=trust_policy("s3.amazonaws.com"),
        )
        policy = iam_role_policy.IamRolePolicy(
            self,
            "policy",
            name="replicate",
            role=self._role.name,
            policy=policy_document(*self._read_source(source_key_arn, locked=locked), *self._write_copies()),
        )
        self._configuration = configuration.S3BucketReplicationConfigurationA(
            self,
            "configuration",
            bucket=source.bucket.id,
            role=self._role.arn,
            rule=[self._rule()],
            # S3 copies from buckets with versions only, and what comes before the role may copy fails for good.
            depends_on=[source.versioning, policy],
        )

    @property
    def role(self) -> iam_role.IamRole:
        """The role that S3 copies as."""
        return self._role

    @property
    def role_arn(self) -> str:
        """The ARN of that role, as text: the other account can use it before the role exists."""
        return f"arn:aws:iam::{self._environment.account_id}:role/{self._name}"

    @property
    def destination_bucket_statements(self) -> list[dict[str, object]]:
        """The statements for the policy of the copies' bucket, if it belongs to another account.

        In the lake's own account the role's policy is sufficient, unless another one denies it.
        """
        arn = self._replication.bucket_arn
        principals = {"AWS": self.role_arn}
        return [
            statement(
                "AllowCopies",
                principals=principals,
                actions=[*_WRITE_COPIES, _OWN_COPIES],
                resources=[f"{arn}/*"],
            ),
            statement(
                "AllowReadingOfVersioning",
                principals=principals,
                actions=["s3:GetBucketVersioning", "s3:ListBucket"],
                resources=[arn],
            ),
        ]

    @property
    def destination_key_statements(self) -> list[dict[str, object]]:
        """The statements for the policy of the copies' key, if it belongs to another account."""
        return [
            statement(
                "AllowCopies",
                principals={"AWS": self.role_arn},
                actions=_ENCRYPT_COPIES,
                resources=["*"],  # in a key's policy, "*" is this key
                conditions=self._through_s3(self._replication.region, self._replication.bucket_arn),
            )
        ]

    def _read_source(self, key_arn: str, *, locked: bool) -> Iterator[dict[str, object]]:
        # Source: S3 user guide, "Setting up permissions for live replication" and "Replicating encrypted objects".
        yield statement(
            "ReadConfiguration",
            actions=["s3:GetReplicationConfiguration", "s3:ListBucket"],
            resources=[self._source.arn],
        )
        of_locks = ["s3:GetObjectLegalHold", "s3:GetObjectRetention"] if locked else []
        yield statement(
            "ReadObjects",
            actions=[
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionTagging",
                *of_locks,
            ],
            resources=[f"{self._source.arn}/{self._replication.prefix}*"],
        )
        yield statement(
            "Decrypt",
            actions=["kms:Decrypt"],
            resources=[key_arn],
            conditions=self._through_s3(self._environment.region, self._source.arn),
        )

    def _write_copies(self) -> Iterator[dict[str, object]]:
        replication = self._replication
        owning = [_OWN_COPIES] if self._is_of_another_account else []
        yield statement("WriteCopies", actions=[*_WRITE_COPIES, *owning], resources=[f"{replication.bucket_arn}/*"])
        yield statement(
            "Encrypt",
            actions=_ENCRYPT_COPIES,
            resources=[replication.key_arn],
            conditions=self._through_s3(replication.region, replication.bucket_arn),
        )

    @property
    def _is_of_another_account(self) -> bool:
        return self._replication.account_id not in {None, self._environment.account_id}

    @staticmethod
    def _through_s3(region: str, bucket_arn: str) -> Conditions:
        return {
            "StringEquals": {"kms:ViaService": f"s3.{region}.amazonaws.com"},
            # The bucket where it has a bucket key, the object where it has none.
            "StringLike": {"kms:EncryptionContext:aws:s3:arn": [bucket_arn, f"{bucket_arn}/*"]},
        }

    def _rule(self) -> configuration.S3BucketReplicationConfigurationRule:
        replication = self._replication
        criteria = configuration.S3BucketReplicationConfigurationRuleSourceSelectionCriteria
        encrypted = configuration.S3BucketReplicationConfigurationRuleSourceSelectionCriteriaSseKmsEncryptedObjects
        return configuration.S3BucketReplicationConfigurationRule(
            id="copy",
            priority=1,
            status="Enabled",
            filter=configuration.S3BucketReplicationConfigurationRuleFilter(prefix=replication.prefix),
            delete_marker_replication=configuration.S3BucketReplicationConfigurationRuleDeleteMarkerReplication(
                status="Enabled" if replication.delete_markers else "Disabled"
            ),
            # Without it S3 leaves out what a KMS key encrypts: everything.
            source_selection_criteria=criteria(sse_kms_encrypted_objects=encrypted(status="Enabled")),
            destination=self._destination(),
        )

    def _destination(self) -> configuration.S3BucketReplicationConfigurationRuleDestination:
        replication = self._replication
        of = configuration
        minutes = _CONTROLLED_MINUTES
        controlled = replication.replication_time_control
        return of.S3BucketReplicationConfigurationRuleDestination(
            bucket=replication.bucket_arn,
            storage_class=replication.storage_class,
            account=replication.account_id if self._is_of_another_account else None,
            # Copies belong to the owner of their bucket; otherwise its account could not read them.
            access_control_translation=(
                of.S3BucketReplicationConfigurationRuleDestinationAccessControlTranslation(owner="Destination")
                if self._is_of_another_account
                else None
            ),
            encryption_configuration=of.S3BucketReplicationConfigurationRuleDestinationEncryptionConfiguration(
                replica_kms_key_id=replication.key_arn
            ),
            metrics=(
                of.S3BucketReplicationConfigurationRuleDestinationMetrics(
                    status="Enabled",
                    event_threshold=(
                        of.S3BucketReplicationConfigurationRuleDestinationMetricsEventThreshold(minutes=minutes)
                        if controlled
                        else None
                    ),
                )
                if replication.metrics
                else None
            ),
            replication_time=(
                of.S3BucketReplicationConfigurationRuleDestinationReplicationTime(
                    status="Enabled",
                    time=of.S3BucketReplicationConfigurationRuleDestinationReplicationTimeTime(minutes=minutes),
                )
                if controlled
                else None
            ),
        )
