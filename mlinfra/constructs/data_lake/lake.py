"""A data lake: a bucket for each zone, with retention, inventories, replication and queries of its objects."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from mlinfra._cdk import TerraformResourceLifecycle
from mlinfra._cdk.aws import s3_bucket_logging, s3_bucket_notification
from mlinfra.constructs.data_lake.access import DataLakeAccess, expect_zones
from mlinfra.constructs.data_lake.catalog import DataLakeCatalog
from mlinfra.constructs.data_lake.inventory import DataLakeInventory
from mlinfra.constructs.data_lake.lifecycle import Lifecycle
from mlinfra.constructs.data_lake.policy import (
    allow_decrypting,
    allow_inventory,
    allow_reading,
    deny_other_accounts,
    deny_other_encryption,
)
from mlinfra.constructs.data_lake.replication import DataLakeReplication
from mlinfra.constructs.parts import EncryptionKey, PrivateBucket, environment_of, statement
from mlinfra.declarations import DATA_ZONES

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from mlinfra._cdk import Construct
    from mlinfra.constructs.data_lake.catalog import DataCatalog
    from mlinfra.constructs.data_lake.object_lock import ObjectLock
    from mlinfra.constructs.data_lake.replication import Replication
    from mlinfra.constructs.parts import AnyRole
    from mlinfra.declarations import Environment, Frequency

DEFAULT_LIFECYCLES: Mapping[str, Lifecycle] = MappingProxyType(
    {
        # Everything else can be derived from raw data again, so it moves to cheaper storage and is never deleted.
        "raw": Lifecycle(infrequent_access_after_days=90, archive_after_days=365),
        "processed": Lifecycle(expire_old_versions_after_days=90),
        "features": Lifecycle(expire_old_versions_after_days=90),
        "models": Lifecycle(expire_old_versions_after_days=30),
    }
)
"""The default lifecycle of the objects in each zone."""

_NONE: Mapping[str, Any] = MappingProxyType({})
_ACCESS_LOGS_LIFECYCLE = Lifecycle(expire_after_days=365, expire_old_versions_after_days=30)


class DataLake(DataLakeAccess):
    """One bucket for each zone, encrypted with a key of the lake, and one for their access logs.

    Zones are separate buckets, as AWS's prescriptive guidance for data lakes recommends: each has its own lifecycle,
    and access to one zone does not include another.

    Each bucket denies requests without TLS, principals of other accounts, and uploads with another encryption than the
    lake's.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        zones: Sequence[str] = DATA_ZONES,
        lifecycles: Mapping[str, Lifecycle] = DEFAULT_LIFECYCLES,
        object_locks: Mapping[str, ObjectLock] = _NONE,
        replications: Mapping[str, Replication] = _NONE,
        events: Collection[str] = (),
        inventory: Mapping[str, Frequency] = _NONE,
        catalog: DataCatalog | None = None,
        trusted_account_ids: Sequence[str] = (),
        protect: bool | None = None,
        environment: Environment | None = None,
    ) -> None:
        """Declare the lake.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            zones: its zones. Default: raw, processed, features and models.
            lifecycles: the lifecycle of each zone's objects. Default: raw data moves to STANDARD_IA after
                90 days and to GLACIER after 365; old versions expire after 90 days in processed and
                features and after 30 in models. A zone that is not named keeps all objects.
                Unfinished uploads are removed after 7 days in every zone.
            object_locks: the object lock of zones with immutable objects. Default: none, since
                object lock can never be removed from a bucket.
            replications: the copies of zones. Default: none; a copy doubles the cost of the
                data, and versions protect against deletions.
            events: zones whose changes are sent to the default bus of EventBridge. Default: none,
                since each event is billed.
            inventory: zones that S3 lists, `Daily` or `Weekly`, into a bucket of the lake, which
                keeps the lists for 90 days. Default: none, since lists are billed per object and
                have no use until they are read.
            catalog: a Glue database and an Athena workgroup on the lake. Default: none.
            trusted_account_ids: other accounts whose own policies decide which of their principals
                list and read the zones. Default: none; other accounts are denied.
            protect: True: Terraform refuses to destroy the buckets and the key, and the synth fails
                if the name of a bucket differs from the project's record. False: a destroy deletes
                them with all their objects. Default: the environment's `protect_data`.
            environment: the environment of the lake. Default: the environment of the enclosing MlStack.

        Raises:
            ValueError: if a zone is not one of the lake's, an account id is invalid, or a lock would
                prevent the destruction of an unprotected lake.
            DeclarationError: if the name of a protected lake's bucket differs from the record.
        """
        environment = environment_of(scope, environment)
        self._protect = environment.protect_data if protect is None else protect
        expect_zones(zones)
        given = {"object_locks": object_locks, "replications": replications, "events": events, "inventory": inventory}
        _expect_zones(zones, lifecycles, given)
        _expect_accounts(trusted_account_ids, environment)
        _expect_destroyable(object_locks, protect=self._protect)
        _expect_other_buckets(replications, environment)
        uses = [*zones, "access-logs", *(["inventory"] if inventory else []), *(["queries"] if catalog else [])]
        if self._protect:
            environment.expect_recorded_buckets(uses)

        super().__init__(scope, id, zones=zones, environment=environment)
        self._trusted = tuple(trusted_account_ids)
        self._key = self._make_key(tuple(inventory))
        self._key_arn = self._key.arn
        self._access_logs = self._access_log_bucket([use for use in uses if use != "access-logs"])
        self._buckets = {zone: self._zone_bucket(zone, lifecycles.get(zone, Lifecycle())) for zone in self.zones}
        for zone, lock in object_locks.items():
            lock.apply_to(self._buckets[zone])
        self._replications = {
            zone: self._replicate(zone, replication, locked=zone in object_locks)
            for zone, replication in replications.items()
        }
        for zone in dict.fromkeys(events):
            bucket = self._buckets[zone]
            s3_bucket_notification.S3BucketNotification(
                bucket,
                "notification",
                bucket=bucket.bucket.id,
                eventbridge=True,
                # FSx adds a notification to the bucket of a linked file system, to detect changes. Terraform manages
                # all notifications of a bucket in one resource, and would remove that one at the next apply.
                lifecycle=TerraformResourceLifecycle(ignore_changes=["queue", "topic"]),
            )
        self._inventory = self._make_inventory(inventory) if inventory else None
        self._catalog = self._make_catalog(catalog) if catalog else None

    @property
    def key(self) -> EncryptionKey:
        """The key that encrypts the lake."""
        return self._key

    @property
    def access_logs(self) -> PrivateBucket:
        """The bucket to which S3 writes access logs."""
        return self._access_logs

    @property
    def inventory(self) -> DataLakeInventory | None:
        """The inventory of the zones; None: no zone has one."""
        return self._inventory

    @property
    def catalog(self) -> DataLakeCatalog | None:
        """The Glue database and the Athena workgroup; None: the lake has no catalog."""
        return self._catalog

    def bucket(self, zone: str) -> PrivateBucket:
        """The bucket of `zone`.

        Raises:
            ValueError: if the lake has no such zone.
        """
        self.bucket_name(zone)
        return self._buckets[zone]

    def replication(self, zone: str) -> DataLakeReplication:
        """The replication of `zone`, with the statements that the destination must have.

        Raises:
            ValueError: if the zone is not replicated.
        """
        if zone not in self._replications:
            copied = ", ".join(self._replications) or "none"
            message = (
                f"the zone {zone!r} is not replicated. Replicated zones: {copied}. Add it to replications={{...}}."
            )
            raise ValueError(message)
        return self._replications[zone]

    def grant_query(self, grantee: AnyRole, *, zones: Sequence[str] | None = None) -> None:
        """Allow `grantee` to query tables in the lake's workgroup, and to read the zones of the tables.

        Args:
            grantee: as in `grant_read`.
            zones: the zones of the tables. Default: all of the lake.

        Raises:
            ValueError: if the lake has no catalog, or no such zone.
        """
        if self._catalog is None:
            message = "the lake has no catalog to query. Expected: catalog=DataCatalog(...)."
            raise ValueError(message)
        self.grant_read(grantee, zones=zones)
        self._catalog.grant_query(grantee)

    def _make_key(self, listed: Sequence[str]) -> EncryptionKey:
        environment = self._environment
        statements = allow_decrypting(environment, self._trusted)
        if listed:
            sources = [f"arn:aws:s3:::{self.bucket_name(zone)}" for zone in listed]
            statements.append(allow_inventory(environment, sources, action="kms:GenerateDataKey", resource="*"))
        return EncryptionKey(
            self,
            "key",
            name=f"{environment.names.prefix}-data-lake",
            description=f"Encrypts the data lake of {environment.names.prefix}.",
            services=["fsx"],
            statements=statements,
            protect=self._protect,
            environment=environment,
        )

    def _zone_bucket(self, zone: str, lifecycle: Lifecycle) -> PrivateBucket:
        name = self.bucket_name(zone)
        arn = f"arn:aws:s3:::{name}"
        bucket = PrivateBucket(
            self,
            zone,
            name=name,
            key_arn=self._key.arn,
            statements=[
                deny_other_accounts(arn, [self._environment.account_id, *self._trusted]),
                *deny_other_encryption(arn, self._key.arn),
                *allow_reading(arn, self._trusted),
            ],
            protect=self._protect,
        )
        lifecycle.apply_to(bucket)
        self._log_access(bucket, zone)
        return bucket

    def _log_access(self, bucket: PrivateBucket, use: str) -> None:
        s3_bucket_logging.S3BucketLoggingA(
            bucket,
            "logging",
            bucket=bucket.bucket.id,
            target_bucket=self._access_logs.bucket.id,
            target_prefix=f"{use}/",
            depends_on=[self._access_logs.policy],
        )

    def _access_log_bucket(self, logged: Sequence[str]) -> PrivateBucket:
        environment = self._environment
        name = environment.names.bucket("access-logs")
        arn = f"arn:aws:s3:::{name}"
        bucket = PrivateBucket(
            self,
            "access-logs",
            name=name,
            # S3 cannot deliver access logs to a bucket with a KMS key as its default.
            key_arn=None,
            statements=[
                deny_other_accounts(arn, [environment.account_id]),
                statement(
                    "AllowAccessLogs",
                    principals={"Service": "logging.s3.amazonaws.com"},
                    actions=["s3:PutObject"],
                    resources=[f"{arn}/*"],
                    conditions={
                        "ArnLike": {
                            "aws:SourceArn": [f"arn:aws:s3:::{environment.names.bucket(use)}" for use in logged]
                        },
                        "StringEquals": {"aws:SourceAccount": environment.account_id},
                    },
                ),
            ],
            protect=self._protect,
        )
        _ACCESS_LOGS_LIFECYCLE.apply_to(bucket)
        return bucket

    def _replicate(self, zone: str, replication: Replication, *, locked: bool) -> DataLakeReplication:
        return DataLakeReplication(
            self._buckets[zone],
            "replication",
            name=f"{self._environment.names.prefix}-{zone}-replication",
            source=self._buckets[zone],
            source_key_arn=self._key.arn,
            replication=replication,
            locked=locked,
            environment=self._environment,
        )

    def _make_inventory(self, frequencies: Mapping[str, Frequency]) -> DataLakeInventory:
        made = DataLakeInventory(
            self,
            "inventory",
            zones=tuple(frequencies),
            key_arn=self._key.arn,
            protect=self._protect,
            environment=self._environment,
        )
        self._log_access(made.bucket, "inventory")
        for zone, frequency in frequencies.items():
            made.add(self._buckets[zone], frequency)
        return made

    def _make_catalog(self, catalog: DataCatalog) -> DataLakeCatalog:
        made = DataLakeCatalog(
            self,
            "catalog",
            catalog=catalog,
            key_arn=self._key.arn,
            protect=self._protect,
            environment=self._environment,
        )
        self._log_access(made.results, "queries")
        return made


def _expect_zones(
    zones: Sequence[str], lifecycles: Mapping[str, Lifecycle], given: Mapping[str, Collection[str]]
) -> None:
    # A lifecycle may name a zone that this lake does not have: the default names all zones.
    for argument, named in {"lifecycles": lifecycles, **given}.items():
        known = DATA_ZONES if argument == "lifecycles" else zones
        unknown = [zone for zone in named if zone not in known]
        if unknown:
            message = f"{argument}: the lake has no zone {unknown[0]!r}. Expected: one of {', '.join(known)}."
            raise ValueError(message)


def _expect_accounts(account_ids: Sequence[str], environment: Environment) -> None:
    for each in account_ids:
        if not re.fullmatch(r"\d{12}", each) or each == environment.account_id:
            message = (
                f"trusted_account_ids: {each!r} is not valid. Expected: accounts other than {environment.account_id}, "
                f"exactly 12 digits each, as text."
            )
            raise ValueError(message)


def _expect_destroyable(locks: Mapping[str, ObjectLock], *, protect: bool) -> None:
    for zone, lock in locks.items():
        if lock.mode == "COMPLIANCE" and not protect:
            message = (
                f"object_locks[{zone!r}] has mode='COMPLIANCE' in a lake with protect=False: its objects cannot be "
                f"deleted for {lock.days} days, so no destroy would succeed. Expected: mode='GOVERNANCE', or "
                f"protect=True."
            )
            raise ValueError(message)


def _expect_other_buckets(replications: Mapping[str, Replication], environment: Environment) -> None:
    for zone, replication in replications.items():
        if replication.bucket_arn == f"arn:aws:s3:::{environment.names.bucket(zone)}":
            message = f"replications[{zone!r}] copies the zone onto itself. Expected: the ARN of another bucket."
            raise ValueError(message)
