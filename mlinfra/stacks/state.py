"""Stack of the Terraform state: the first to create in an environment, and the last to destroy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import TerraformResourceLifecycle
from mlinfra._cdk.aws import dynamodb_table
from mlinfra.constructs.account import PermissionsBoundary
from mlinfra.constructs.data_lake import Lifecycle
from mlinfra.constructs.governance import AcceleratorDenial
from mlinfra.constructs.parts import EncryptionKey, PrivateBucket, statement
from mlinfra.declarations import STORED_PLANS_KEPT_DAYS, STORED_PLANS_PREFIX
from mlinfra.stack import MlStack

if TYPE_CHECKING:
    from mlinfra._cdk import App
    from mlinfra.declarations import Environment

OLD_STATE_KEPT_DAYS = 90
"""Retention of previous versions of a state, in days."""


class StateStack(MlStack):
    """The state bucket, the lock table, their key and the permissions boundary, all protected from destruction.

    Also the policy that denies new accelerators, if the environment declares an `accelerator_stop`.

    The state of this stack is stored in its own bucket, which `mlinfra bootstrap` creates.
    """

    def __init__(self, scope: App, environment: Environment) -> None:
        """Declare the stack for `environment`."""
        super().__init__(scope, environment, "state")
        self.key = EncryptionKey(
            self,
            "key",
            name=environment.names.state_key_alias.removeprefix("alias/"),
            description=f"Encrypts the Terraform state of {environment.names.prefix}.",
            protect=True,
        )
        self.bucket = PrivateBucket(
            self,
            "bucket",
            name=environment.names.state_bucket,
            key_arn=self.key.arn,
            statements=[
                _deny_other_encryption(environment.names.state_bucket),
                *_restrict_stored_plans(environment),
            ],
            protect=True,
        )
        Lifecycle(expire_old_versions_after_days=OLD_STATE_KEPT_DAYS).apply_to(
            self.bucket,
            prefixes={
                STORED_PLANS_PREFIX: Lifecycle(
                    expire_after_days=STORED_PLANS_KEPT_DAYS,
                    expire_old_versions_after_days=1,
                    abort_uploads_after_days=1,
                )
            },
        )
        self.lock_table = dynamodb_table.DynamodbTable(
            self,
            "lock-table",
            name=environment.names.lock_table,
            billing_mode="PAY_PER_REQUEST",
            hash_key="LockID",
            attribute=[dynamodb_table.DynamodbTableAttribute(name="LockID", type="S")],
            point_in_time_recovery=dynamodb_table.DynamodbTablePointInTimeRecovery(enabled=True),
            server_side_encryption=dynamodb_table.DynamodbTableServerSideEncryption(
                enabled=True, kms_key_arn=self.key.arn
            ),
            deletion_protection_enabled=True,
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True),
        )
        # Here, because an administrator applies this stack before any other: no role exists without its boundary, and
        # the role for applies cannot change it.
        self.boundary = PermissionsBoundary(self, "boundary") if environment.has_own_boundary else None
        # Here too: the role for applies can change neither the policy nor the role that attaches it.
        stop = environment.governance.accelerator_stop
        self.accelerator_denial = AcceleratorDenial(self, "accelerator-denial", roles=stop.roles) if stop else None


def _deny_other_encryption(bucket: str) -> dict[str, object]:
    # A request without encryption gets the default of the bucket; other encryption is denied.
    return statement(
        "DenyOtherEncryption",
        effect="Deny",
        principals={"AWS": "*"},
        actions=["s3:PutObject"],
        resources=[f"arn:aws:s3:::{bucket}/*"],
        conditions={
            "StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"},
            "Null": {"s3:x-amz-server-side-encryption": "false"},
        },
    )


def _restrict_stored_plans(environment: Environment) -> list[dict[str, object]]:
    """Plans contain secrets. The plan role stores them once, and the apply role reads them."""
    names = environment.names
    plans = [f"arn:aws:s3:::{names.state_bucket}/{STORED_PLANS_PREFIX}*"]
    account = f"arn:aws:iam::{environment.account_id}"
    # The ARN of a role of IAM Identity Center contains the region of the instance, or none. Source: IAM Identity Center
    # user guide, "Referencing permission sets in resource policies". Other administrators can change this policy.
    administrators = [
        f"{account}:root",
        f"{account}:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_AdministratorAccess_*",
    ]
    everyone = {"AWS": "*"}
    return [
        statement(
            "StorePlansWithPlanRole",
            effect="Deny",
            principals=everyone,
            actions=["s3:PutObject"],
            resources=plans,
            conditions={"ArnNotLike": {"aws:PrincipalArn": [names.ci_role_arn("plan"), *administrators]}},
        ),
        # S3 refuses a request with this header if the object exists. Source: S3 user guide, "Enforce conditional writes
        # on Amazon S3 buckets", read 2026-11-29.
        statement(
            "StorePlansOnce",
            effect="Deny",
            principals=everyone,
            actions=["s3:PutObject"],
            resources=plans,
            conditions={"Null": {"s3:if-none-match": "true"}},
        ),
        statement(
            "ReadPlansWithApplyRole",
            effect="Deny",
            principals=everyone,
            actions=["s3:GetObject", "s3:GetObjectVersion"],
            resources=plans,
            conditions={"ArnNotLike": {"aws:PrincipalArn": [names.ci_role_arn("apply"), *administrators]}},
        ),
    ]
