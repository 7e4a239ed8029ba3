"""A data lake: a bucket for each zone that data moves through, and the grants to use them."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from mlinfra._cdk import Construct
from mlinfra._cdk.aws import iam_role_policy, s3_bucket_logging
from mlinfra.constructs.encryption_key import EncryptionKey
from mlinfra.constructs.lifecycle import Lifecycle
from mlinfra.constructs.policy import policy_document, statement
from mlinfra.constructs.private_bucket import PrivateBucket
from mlinfra.constructs.surroundings import environment_of
from mlinfra.zones import DATA_ZONES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlinfra._cdk.aws import iam_role
    from mlinfra.environment import Environment

DEFAULT_LIFECYCLES: Mapping[str, Lifecycle] = MappingProxyType(
    {
        # Raw data is what everything else can be made again from: it gets cheaper, never lost.
        "raw": Lifecycle(infrequent_access_after_days=90, archive_after_days=365),
        "processed": Lifecycle(expire_old_versions_after_days=90),
        "features": Lifecycle(expire_old_versions_after_days=90),
        "models": Lifecycle(expire_old_versions_after_days=30),
    }
)
"""How the objects of each zone age, unless a lake says otherwise."""

_ACCESS_LOGS_LIFECYCLE = Lifecycle(expire_after_days=365, expire_old_versions_after_days=30)

_READ_OBJECTS = ["s3:GetObject", "s3:GetObjectVersion"]
_READ_WRITE_OBJECTS = [
    *_READ_OBJECTS,
    "s3:AbortMultipartUpload",
    "s3:DeleteObject",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
]


class Grantee(Protocol):
    """What can be granted the use of something: anything with a role, such as a cluster."""

    @property
    def node(self) -> object:
        """Where it stands in the tree of constructs."""

    @property
    def role(self) -> iam_role.IamRole:
        """The role that it acts as."""


class DataLakeAccess(Construct):
    """The zones of a data lake, and who may use them; whether it is made here or elsewhere."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        zones: Sequence[str] = DATA_ZONES,
        key_arn: str | None = None,
        environment: Environment | None = None,
    ) -> None:
        """Refer to a lake that is made elsewhere.

        Args:
            scope: what uses the lake.
            id: the construct's id, unique in its scope.
            zones: the lake's zones. Default: raw, processed, features and models.
            key_arn: the KMS key that encrypts the lake. Default: given later, by the class that
                makes the key.
            environment: the lake's environment. Default: that of the enclosing MlStack.

        Raises:
            ValueError: where a zone is not one of the platform's.
        """
        self._environment = environment_of(scope, environment)
        unknown = [zone for zone in zones if zone not in DATA_ZONES]
        if unknown or not zones:
            message = f"zones={list(zones)!r} does not fit. Expected: one or more of {', '.join(DATA_ZONES)}."
            raise ValueError(message)
        super().__init__(scope, id)
        self._zones = tuple(zones)
        self._key_arn = key_arn

    @property
    def zones(self) -> tuple[str, ...]:
        """The zones that the lake has."""
        return self._zones

    @property
    def key_arn(self) -> str:
        """The ARN of the KMS key that encrypts the lake."""
        assert self._key_arn is not None  # noqa: S101  each subclass makes its key before anything asks
        return self._key_arn

    def bucket_name(self, zone: str) -> str:
        """The name of the bucket of `zone`.

        Raises:
            ValueError: where the lake has no such zone.
        """
        if zone not in self._zones:
            message = f"the lake has no zone {zone!r}. Expected: one of {', '.join(self._zones)}."
            raise ValueError(message)
        return self._environment.bucket_name(zone)

    def grant_read(self, grantee: Grantee, *, zones: Sequence[str] | None = None, prefix: str = "") -> None:
        """Let `grantee` list and read objects.

        Args:
            grantee: what has a role, such as a TrainingCluster.
            zones: in which zones. Default: all of the lake's.
            prefix: only below it, such as `two-tower-v2/`. Default: everywhere in the zone.

        Raises:
            ValueError: where the lake has no such zone.
        """
        self._grant(grantee, "read", zones, prefix, _READ_OBJECTS, ["kms:Decrypt"])

    def grant_read_write(self, grantee: Grantee, *, zones: Sequence[str] | None = None, prefix: str = "") -> None:
        """Let `grantee` list, read, write and delete objects. What is deleted stays as an old version.

        Args:
            grantee: what has a role, such as a TrainingCluster.
            zones: in which zones. Default: all of the lake's.
            prefix: only below it, such as `two-tower-v2/`. Default: everywhere in the zone.

        Raises:
            ValueError: where the lake has no such zone.
        """
        self._grant(grantee, "read-write", zones, prefix, _READ_WRITE_OBJECTS, ["kms:Decrypt", "kms:GenerateDataKey"])

    def _grant(  # noqa: PLR0917  private, and called twice
        self,
        grantee: Grantee,
        access: str,
        zones: Sequence[str] | None,
        prefix: str,
        object_actions: list[str],
        key_actions: list[str],
    ) -> None:
        chosen = self._zones if zones is None else tuple(zones)
        buckets = [f"arn:aws:s3:::{self.bucket_name(zone)}" for zone in chosen]
        below = [prefix.strip("/").replace("/", "-")] if prefix else []
        name = "-".join([self.node.id, access, *chosen, *below])
        listing = {"StringLike": {"s3:prefix": f"{prefix}*"}} if prefix else None
        iam_role_policy.IamRolePolicy(
            grantee.role,
            name,
            name=name,
            role=grantee.role.name,
            policy=policy_document(
                statement("List", actions=["s3:ListBucket"], resources=buckets, conditions=listing),
                statement("Objects", actions=object_actions, resources=[f"{each}/{prefix}*" for each in buckets]),
                statement("Key", actions=key_actions, resources=[self.key_arn]),
            ),
        )


class DataLake(DataLakeAccess):
    """One bucket for each zone, encrypted with a key of the lake, and one for their access logs.

    Zones are buckets of their own, as AWS's prescriptive guidance for data lakes has it: each has
    its own lifecycle, and access to one says nothing about another.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        zones: Sequence[str] = DATA_ZONES,
        lifecycles: Mapping[str, Lifecycle] = DEFAULT_LIFECYCLES,
        protect: bool | None = None,
        environment: Environment | None = None,
    ) -> None:
        """Declare the lake.

        Args:
            scope: what the lake belongs to.
            id: the construct's id, unique in its scope.
            zones: which zones it has. Default: raw, processed, features and models.
            lifecycles: how the objects of a zone age. Default: raw data moves to STANDARD_IA after
                90 days and to GLACIER after 365; old versions expire after 90 days in processed and
                features and after 30 in models. A zone that is not named keeps everything.
                Unfinished uploads go after 7 days everywhere.
            protect: True: Terraform refuses to destroy the buckets and the key. False: it destroys
                them with all that is in them. Default: the environment's `protect_data`.
            environment: where the lake lives. Default: the environment of the enclosing MlStack.

        Raises:
            ValueError: where a zone is not one of the platform's.
        """
        super().__init__(scope, id, zones=zones, environment=environment)
        environment = self._environment
        self._protect = environment.protect_data if protect is None else protect
        self._key = EncryptionKey(
            self,
            "key",
            name=f"{environment.prefix}-data-lake",
            description=f"Encrypts the data lake of {environment.prefix}.",
            services=["fsx"],
            protect=self._protect,
            environment=environment,
        )
        self._key_arn = self._key.arn
        self._access_logs = self._access_log_bucket()
        self._buckets = {zone: self._zone_bucket(zone, lifecycles.get(zone, Lifecycle())) for zone in self.zones}

    @property
    def key(self) -> EncryptionKey:
        """The key that encrypts the lake."""
        return self._key

    @property
    def access_logs(self) -> PrivateBucket:
        """Where S3 writes who read and wrote what."""
        return self._access_logs

    def bucket(self, zone: str) -> PrivateBucket:
        """The bucket of `zone`.

        Raises:
            ValueError: where the lake has no such zone.
        """
        self.bucket_name(zone)
        return self._buckets[zone]

    def _zone_bucket(self, zone: str, lifecycle: Lifecycle) -> PrivateBucket:
        name = self.bucket_name(zone)
        bucket = PrivateBucket(self, zone, name=name, key_arn=self._key.arn, protect=self._protect)
        lifecycle.apply_to(bucket)
        s3_bucket_logging.S3BucketLoggingA(
            bucket,
            "logging",
            bucket=bucket.bucket.id,
            target_bucket=self._access_logs.bucket.id,
            target_prefix=f"{zone}/",
            depends_on=[self._access_logs.policy],
        )
        return bucket

    def _access_log_bucket(self) -> PrivateBucket:
        environment = self._environment
        name = environment.bucket_name("access-logs")
        bucket = PrivateBucket(
            self,
            "access-logs",
            name=name,
            # S3 cannot deliver access logs to a bucket with a KMS key as its default.
            key_arn=None,
            statements=[
                statement(
                    "AllowAccessLogs",
                    principals={"Service": "logging.s3.amazonaws.com"},
                    actions=["s3:PutObject"],
                    resources=[f"arn:aws:s3:::{name}/*"],
                    conditions={
                        "ArnLike": {"aws:SourceArn": [f"arn:aws:s3:::{self.bucket_name(zone)}" for zone in self.zones]},
                        "StringEquals": {"aws:SourceAccount": environment.account_id},
                    },
                )
            ],
            protect=self._protect,
        )
        _ACCESS_LOGS_LIFECYCLE.apply_to(bucket)
        return bucket
