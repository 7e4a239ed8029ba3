"""A KMS key with an alias, and the services that may use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from mlinfra._cdk import Construct, TerraformResourceLifecycle
from mlinfra._cdk.aws import kms_alias, kms_key
from mlinfra.constructs.parts.environment import environment_of
from mlinfra.constructs.parts.policy import KEY_USE, policy_document, statement

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlinfra.declarations import Environment

    Service = Literal["ec2", "fsx", "logs"]

FSX_DATA_SERVICE = "s3.data-source.lustre.fsx.amazonaws.com"
"""The service whose linked roles FSx reads and writes buckets as, one for each file system."""


class EncryptionKey(Construct):
    """A customer-managed KMS key, rotated every year.

    The account's own IAM policies decide who may use it, and the services named may use it on the
    account's behalf.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002  the name that every construct has for it
        *,
        name: str,
        description: str,
        services: Sequence[Service] = (),
        statements: Sequence[Mapping[str, object]] = (),
        protect: bool = False,
        environment: Environment | None = None,
    ) -> None:
        """Declare the key.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            name: the alias, without `alias/`.
            description: the data that it encrypts.
            services: `ec2` (volumes, including those that an auto scaling group makes), `fsx` (file
                systems that show a bucket encrypted with it) and `logs` (log groups). Default: none.
            statements: additional statements of its policy. Default: none.
            protect: True if Terraform refuses to destroy it. Default: False. KMS deletes a
                destroyed key after 30 days, its longest waiting period.
            environment: the environment of the key. Default: the environment of the enclosing MlStack.
        """
        environment = environment_of(scope, environment)
        super().__init__(scope, id)
        self._key = kms_key.KmsKey(
            self,
            "key",
            description=description,
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=policy_document(
                _by_iam(environment), *(_GRANTS[service](environment) for service in services), *statements
            ),
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if protect else None,
        )
        self._alias = kms_alias.KmsAlias(self, "alias", name=f"alias/{name}", target_key_id=self._key.key_id)

    @property
    def key(self) -> kms_key.KmsKey:
        """The key itself."""
        return self._key

    @property
    def arn(self) -> str:
        """The key's ARN."""
        return str(self._key.arn)


def _by_iam(environment: Environment) -> dict[str, object]:
    # In a key's policy, "*" is this key. Without this statement, no principal could change the key.
    return statement(
        "AllowThroughIam",
        principals={"AWS": f"arn:aws:iam::{environment.account_id}:root"},
        actions=["kms:*"],
        resources=["*"],
    )


def _by_ec2(environment: Environment) -> dict[str, object]:
    # As in the AWS-managed key aws/ebs. Naming the auto scaling service role instead would fail in an
    # account without a group: the role is created with the first one.
    return statement(
        "AllowVolumesOfThisAccount",
        principals={"AWS": "*"},
        actions=[*KEY_USE, "kms:CreateGrant"],
        resources=["*"],
        conditions={
            "StringEquals": {
                "kms:CallerAccount": environment.account_id,
                "kms:ViaService": f"ec2.{environment.region}.amazonaws.com",
            }
        },
    )


def _by_fsx(environment: Environment) -> dict[str, object]:
    # A bucket is linked by a service-linked role that is created with the first link, and cannot be a principal
    # before. Source: FSx for Lustre user guide, "Working with server-side encrypted Amazon S3 buckets". The guide's
    # condition, the session name, would also match any other role assumed under that name; the path of the role
    # belongs to FSx only.
    linked = f"arn:aws:iam::{environment.account_id}:role/aws-service-role/{FSX_DATA_SERVICE}/*"
    return statement(
        "AllowFileSystemsOfThisAccount",
        principals={"AWS": "*"},
        actions=KEY_USE,
        resources=["*"],
        conditions={
            "StringEquals": {
                "kms:CallerAccount": environment.account_id,
                "kms:ViaService": f"s3.{environment.region}.amazonaws.com",
            },
            "StringLike": {"aws:userid": "*:FSx"},
            "ArnLike": {"aws:PrincipalArn": linked},
        },
    )


def _by_logs(environment: Environment) -> dict[str, object]:
    return statement(
        "AllowLogGroupsOfThisAccount",
        principals={"Service": f"logs.{environment.region}.amazonaws.com"},
        actions=KEY_USE,
        resources=["*"],
        conditions={
            "ArnLike": {
                "kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{environment.region}:{environment.account_id}:*"
            }
        },
    )


_GRANTS = {"ec2": _by_ec2, "fsx": _by_fsx, "logs": _by_logs}
