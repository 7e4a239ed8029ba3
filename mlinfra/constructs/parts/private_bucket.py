"""A bucket that is private, versioned, encrypted, and reached over TLS only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlinfra._cdk import Construct, TerraformResourceLifecycle
from mlinfra._cdk.aws import (
    s3_bucket,
    s3_bucket_ownership_controls,
    s3_bucket_policy,
    s3_bucket_public_access_block,
    s3_bucket_server_side_encryption_configuration,
    s3_bucket_versioning,
)
from mlinfra.constructs.parts.policy import deny_insecure_transport, policy_document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class PrivateBucket(Construct):
    """Base of every bucket of mlinfra: no public access, no ACLs, versioning, encryption, TLS only."""

    def __init__(
        self,
        scope: Construct,
        id: str,  # noqa: A002
        *,
        name: str,
        key_arn: str | None,
        statements: Sequence[Mapping[str, object]] = (),
        protect: bool,
    ) -> None:
        """Declare the bucket.

        Args:
            scope: the parent construct.
            id: the construct's id, unique in its scope.
            name: the bucket's name, unique in all of AWS.
            key_arn: the KMS key that encrypts it. None: S3's own key, as a bucket that receives
                access logs needs.
            statements: statements of its policy, in addition to the one that denies requests
                without TLS. Default: none.
            protect: True: Terraform refuses to destroy it. False: Terraform destroys it with all its
                objects.
        """
        super().__init__(scope, id)
        self._name = name
        self._bucket = s3_bucket.S3Bucket(
            self,
            "bucket",
            bucket=name,
            force_destroy=not protect,
            lifecycle=TerraformResourceLifecycle(prevent_destroy=True) if protect else None,
        )
        self._versioning = s3_bucket_versioning.S3BucketVersioningA(
            self,
            "versioning",
            bucket=self._bucket.id,
            versioning_configuration=s3_bucket_versioning.S3BucketVersioningVersioningConfiguration(status="Enabled"),
        )
        self._encrypt(key_arn)
        access = s3_bucket_public_access_block.S3BucketPublicAccessBlock(
            self,
            "public-access-block",
            bucket=self._bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
        )
        s3_bucket_ownership_controls.S3BucketOwnershipControls(
            self,
            "ownership",
            bucket=self._bucket.id,
            rule=s3_bucket_ownership_controls.S3BucketOwnershipControlsRule(object_ownership="BucketOwnerEnforced"),
        )
        self._policy = s3_bucket_policy.S3BucketPolicy(
            self,
            "policy",
            bucket=self._bucket.id,
            policy=policy_document(deny_insecure_transport(self.arn), *statements),
            # S3 refuses two changes of a bucket's access at the same time.
            depends_on=[access],
        )

    def _encrypt(self, key_arn: str | None) -> None:
        encryption = s3_bucket_server_side_encryption_configuration
        encryption.S3BucketServerSideEncryptionConfigurationA(
            self,
            "encryption",
            bucket=self._bucket.id,
            rule=[
                encryption.S3BucketServerSideEncryptionConfigurationRuleA(
                    apply_server_side_encryption_by_default=(
                        encryption.S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultA(
                            sse_algorithm="aws:kms" if key_arn else "AES256", kms_master_key_id=key_arn
                        )
                    ),
                    # One data key for many objects: KMS is billed by the request.
                    bucket_key_enabled=bool(key_arn),
                )
            ],
        )

    @property
    def bucket(self) -> s3_bucket.S3Bucket:
        """The bucket itself."""
        return self._bucket

    @property
    def policy(self) -> s3_bucket_policy.S3BucketPolicy:
        """The bucket's policy. Resources that depend on its permissions must depend on it."""
        return self._policy

    @property
    def versioning(self) -> s3_bucket_versioning.S3BucketVersioningA:
        """The bucket's versioning, which rules about old versions have to wait for."""
        return self._versioning

    @property
    def name(self) -> str:
        """The bucket's name."""
        return self._name

    @property
    def arn(self) -> str:
        """The bucket's ARN."""
        return f"arn:aws:s3:::{self._name}"
