"""Lists of what is in a data lake, which S3 writes by day or by week."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import s3_bucket_inventory as inventories
from mlinfra.constructs.data_lake.lifecycle import Lifecycle
from mlinfra.constructs.data_lake.policy import allow_inventory, deny_other_accounts
from mlinfra.constructs.parts import PrivateBucket

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra.declarations import Environment, Frequency

_LIFECYCLE = Lifecycle(expire_after_days=90, expire_old_versions_after_days=7)
_FIELDS = (
    "EncryptionStatus",
    "IntelligentTieringAccessTier",
    "LastModifiedDate",
    "ObjectLockRetainUntilDate",
    "ReplicationStatus",
    "Size",
    "StorageClass",
)


class DataLakeInventory(Construct):
    """A bucket with lists of the objects of zones. `DataLake` makes it.

    It is a bucket of its own, and no prefix of the access logs': that one cannot have the lake's key, and only
    the service that writes logs is let in there.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        zones: Sequence[str],
        key_arn: str,
        protect: bool,
        environment: Environment,
    ) -> None:
        """Declare the bucket.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            zones: which zones are listed.
            key_arn: the key that encrypts the lists. It has to let S3 use it.
            protect: whether Terraform refuses to destroy the bucket.
            environment: the environment of the lake.
        """
        super().__init__(scope, id)
        self._key_arn = key_arn
        self._account_id = environment.account_id
        name = environment.names.bucket("inventory")
        arn = f"arn:aws:s3:::{name}"
        sources = [f"arn:aws:s3:::{environment.names.bucket(zone)}" for zone in zones]
        self._bucket = PrivateBucket(
            self,
            "bucket",
            name=name,
            key_arn=key_arn,
            statements=[
                deny_other_accounts(arn, [environment.account_id]),
                allow_inventory(environment, sources, action="s3:PutObject", resource=f"{arn}/*"),
            ],
            protect=protect,
        )
        _LIFECYCLE.apply_to(self._bucket)

    @property
    def bucket(self) -> PrivateBucket:
        """The bucket of the lists, as Parquet below `SOURCE BUCKET/everything/`."""
        return self._bucket

    def add(self, bucket: PrivateBucket, frequency: Frequency) -> inventories.S3BucketInventory:
        """Have every version in `bucket` listed, so that what is billed can be seen.

        Args:
            bucket: the bucket of a zone.
            frequency: how often.
        """
        destination = inventories.S3BucketInventoryDestinationBucket
        encryption = inventories.S3BucketInventoryDestinationBucketEncryption
        return inventories.S3BucketInventory(
            bucket,
            "inventory",
            bucket=bucket.bucket.id,
            name="everything",
            included_object_versions="All",
            optional_fields=list(_FIELDS),
            schedule=inventories.S3BucketInventorySchedule(frequency=frequency),
            destination=inventories.S3BucketInventoryDestination(
                bucket=destination(
                    bucket_arn=self._bucket.arn,
                    account_id=self._account_id,
                    format="Parquet",
                    encryption=encryption(
                        sse_kms=inventories.S3BucketInventoryDestinationBucketEncryptionSseKms(key_id=self._key_arn)
                    ),
                )
            ),
            depends_on=[self._bucket.policy],
        )
