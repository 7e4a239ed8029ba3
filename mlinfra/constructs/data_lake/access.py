"""Zones of a data lake, and grants of access to them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mlinfra._cdk import Construct
from mlinfra.constructs.parts import environment_of, grant_to, statement
from mlinfra.declarations import DATA_ZONES
from mlinfra.runner import RunMarker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mlinfra.constructs.parts import AnyRole
    from mlinfra.declarations import Environment

_READ = ("s3:GetObject", "s3:GetObjectVersion")
_WRITE = ("s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject")
_READ_WRITE = (*_READ, "s3:AbortMultipartUpload", "s3:DeleteObject", "s3:ListMultipartUploadParts", "s3:PutObject")

_POLICY_NAME_LIMIT = 128
_PREFIX = re.compile(r"([\w+=,.@-]+/)+", re.ASCII)


class DataLakeAccess(Construct):
    """Access to the zones of a data lake, declared in this stack or another one."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        zones: Sequence[str] = DATA_ZONES,
        key_arn: str | None = None,
        environment: Environment | None = None,
    ) -> None:
        """Refer to a lake of another stack.

        Args:
            scope: the construct that uses the lake.
            id: the construct's id, unique in its scope.
            zones: the lake's zones. Default: raw, processed, features and models.
            key_arn: the KMS key that encrypts the lake. Default: set later, by the subclass that
                creates the key.
            environment: the lake's environment. Default: the environment of the enclosing MlStack.

        Raises:
            ValueError: if a zone is unknown.
        """
        self._environment = environment_of(scope, environment)
        expect_zones(zones)
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
        assert self._key_arn is not None  # noqa: S101  each subclass creates its key first
        return self._key_arn

    def bucket_name(self, zone: str) -> str:
        """The name of the bucket of `zone`.

        Raises:
            ValueError: if the lake has no such zone.
        """
        if zone not in self._zones:
            message = f"the lake has no zone {zone!r}. Expected: one of {', '.join(self._zones)}."
            raise ValueError(message)
        return self._environment.names.bucket(zone)

    def grant_read(self, grantee: AnyRole, *, zones: Sequence[str] | None = None, prefix: str = "") -> None:
        """Allow `grantee` to list and read objects.

        Args:
            grantee: a construct with a role, such as a TrainingCluster; an IamRole; or the name of an
                existing role of this account.
            zones: the zones. Default: all of the lake.
            prefix: the prefix of the objects, such as `two-tower-v2/`, with the slash at its end.
                Default: the whole zone.

        Raises:
            ValueError: if the lake has no such zone, or the prefix would grant more than it names.
        """
        self._grant(grantee, "read", zones, prefix, actions=_READ, key_actions=["kms:Decrypt"])

    def grant_write(self, grantee: AnyRole, *, zones: Sequence[str] | None = None, prefix: str = "") -> None:
        """Allow `grantee` to write objects, but not to list, read or delete them.

        Overwriting an object does not destroy it: it is kept as an old version.

        Args:
            grantee: as in `grant_read`.
            zones: the zones. Default: all of the lake.
            prefix: as in `grant_read`. Default: the whole zone.

        Raises:
            ValueError: if the lake has no such zone, or the prefix would grant more than it names.
        """
        # S3 decrypts the parts of a multipart upload to put them together. Source: S3 user guide, "Multipart
        # upload and permissions".
        keys = ["kms:Decrypt", "kms:GenerateDataKey"]
        self._grant(grantee, "write", zones, prefix, actions=_WRITE, key_actions=keys, listing=False)

    def grant_read_write(self, grantee: AnyRole, *, zones: Sequence[str] | None = None, prefix: str = "") -> None:
        """Allow `grantee` to list, read, write and delete objects. A deleted object remains as an old version.

        Args:
            grantee: as in `grant_read`.
            zones: the zones. Default: all of the lake.
            prefix: as in `grant_read`. Default: the whole zone.

        Raises:
            ValueError: if the lake has no such zone, or the prefix would grant more than it names.
        """
        keys = ["kms:Decrypt", "kms:GenerateDataKey"]
        self._grant(grantee, "read-write", zones, prefix, actions=_READ_WRITE, key_actions=keys)

    def grant_runs(self, grantee: AnyRole) -> None:
        """Allow `grantee` to list, read, write and delete the objects of runs of all experiments in the models zone.

        Args:
            grantee: as in `grant_read`.

        Raises:
            ValueError: if the lake has no models zone.
        """
        bucket = f"arn:aws:s3:::{self.bucket_name('models')}"
        runs = f"*/{RunMarker.RUNS}/*"
        listed = {"StringLike": {"s3:prefix": runs}}
        statements = [
            statement("List", actions=["s3:ListBucket"], resources=[bucket], conditions=listed),
            statement("Objects", actions=_READ_WRITE, resources=[f"{bucket}/{runs}"]),
            statement("Key", actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=[self.key_arn]),
        ]
        grant_to(grantee, f"{self.node.id}-read-write-models-{RunMarker.RUNS}", statements, scope=self)

    def _grant(
        self,
        grantee: AnyRole,
        access: str,
        zones: Sequence[str] | None,
        prefix: str,
        *,
        actions: Sequence[str],
        key_actions: Sequence[str],
        listing: bool = True,
    ) -> None:
        chosen = self._zones if zones is None else tuple(zones)
        buckets = [f"arn:aws:s3:::{self.bucket_name(zone)}" for zone in chosen]
        _expect_prefix(prefix)
        below = [prefix.strip("/").replace("/", "-")] if prefix else []
        name = "-".join([self.node.id, access, *chosen, *below])
        if len(name) > _POLICY_NAME_LIMIT:
            message = (
                f"prefix={prefix!r} is too long: the policy name {name!r} would have {len(name)} characters. Expected: "
                f"at most {_POLICY_NAME_LIMIT}. Grant a shorter prefix that contains it."
            )
            raise ValueError(message)
        statements = [
            statement("Objects", actions=actions, resources=[f"{each}/{prefix}*" for each in buckets]),
            statement("Key", actions=key_actions, resources=[self.key_arn]),
        ]
        if listing:
            only = {"StringLike": {"s3:prefix": f"{prefix}*"}} if prefix else None
            statements.insert(0, statement("List", actions=["s3:ListBucket"], resources=buckets, conditions=only))
        grant_to(grantee, name, statements, scope=self)


def expect_zones(zones: Sequence[str]) -> None:
    """Refuse unknown zones, and an empty list of zones."""
    if not zones or any(zone not in DATA_ZONES for zone in zones):
        message = f"zones={list(zones)!r} is not valid. Expected: one or more of {', '.join(DATA_ZONES)}."
        raise ValueError(message)


def _expect_prefix(prefix: str) -> None:
    """Refuse a prefix that would grant more than it names: `a` also matches `ab/`, and `*` matches everything."""
    if prefix and not _PREFIX.fullmatch(prefix):
        message = (
            f"prefix={prefix!r} is not valid. Expected: names of letters, digits and +=,.@_-, each followed by a "
            f"slash, such as 'two-tower-v2/'. Without the last slash it would also grant 'two-tower-v20/'."
        )
        raise ValueError(message)
