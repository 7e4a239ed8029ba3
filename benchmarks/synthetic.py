"""The synthetic subject: one stack of many S3 buckets, each with a dozen arguments of every kind.

Run as `python -m benchmarks.synthetic COUNT OUTDIR`. Plain resources, no construct of mlinfra: what is measured is
loading cdktf and the cost of a resource.
"""

import sys

from mlinfra._cdk import App, TerraformResourceLifecycle, TerraformStack
from mlinfra._cdk.aws import provider, s3_bucket


def synthesize(count: int, outdir: str) -> None:
    """Write a stack of `count` buckets to `outdir`."""
    app = App(outdir=outdir)
    stack = TerraformStack(app, "synthetic")
    provider.AwsProvider(stack, "aws", region="us-east-1")
    for number in range(count):
        _bucket(stack, number)
    app.synth()


def _bucket(stack: TerraformStack, number: int) -> s3_bucket.S3Bucket:
    return s3_bucket.S3Bucket(
        stack,
        f"bucket-{number}",
        bucket=f"recsys-features-{number}",
        force_destroy=False,
        object_lock_enabled=True,
        acceleration_status="Enabled",
        request_payer="BucketOwner",
        tags={"Team": "ml-platform", "CostCenter": "ml-1234", "Number": str(number)},
        versioning=s3_bucket.S3BucketVersioning(enabled=True),
        server_side_encryption_configuration=s3_bucket.S3BucketServerSideEncryptionConfiguration(
            rule=s3_bucket.S3BucketServerSideEncryptionConfigurationRule(
                bucket_key_enabled=True,
                apply_server_side_encryption_by_default=(
                    s3_bucket.S3BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefault(
                        sse_algorithm="aws:kms", kms_master_key_id="alias/recsys"
                    )
                ),
            )
        ),
        lifecycle_rule=[
            s3_bucket.S3BucketLifecycleRule(
                enabled=True,
                id="age-out",
                prefix="raw/",
                abort_incomplete_multipart_upload_days=7,
                transition=[s3_bucket.S3BucketLifecycleRuleTransition(days=90, storage_class="GLACIER")],
                noncurrent_version_expiration=s3_bucket.S3BucketLifecycleRuleNoncurrentVersionExpiration(days=30),
            )
        ],
        cors_rule=[
            s3_bucket.S3BucketCorsRule(
                allowed_methods=["GET"], allowed_origins=["https://studio.example.com"], max_age_seconds=3000
            )
        ],
        logging=s3_bucket.S3BucketLogging(target_bucket="recsys-access-logs", target_prefix=f"features-{number}/"),
        lifecycle=TerraformResourceLifecycle(prevent_destroy=True),
    )


if __name__ == "__main__":
    synthesize(int(sys.argv[1]), sys.argv[2])
