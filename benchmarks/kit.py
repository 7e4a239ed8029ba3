"""Run tests of stacks in one session of pytest: `python -m benchmarks.kit COUNT`.

With stock loading, the same tests are written with `cdktf.Testing`, as the documentation of cdktf does.
"""

import os
import sys
import tempfile
from pathlib import Path

import pytest

_KIT = """
import pytest

from mlinfra._cdk.aws import s3_bucket, s3_bucket_public_access_block, s3_bucket_versioning


@pytest.mark.parametrize("number", range({count}))
def test_a_bucket_is_versioned_and_private(synth, number):
    def build(stack):
        bucket = s3_bucket.S3Bucket(stack, "bucket", bucket=f"bucket-{{number}}")
        s3_bucket_versioning.S3BucketVersioningA(
            stack,
            "versioning",
            bucket=bucket.id,
            versioning_configuration=s3_bucket_versioning.S3BucketVersioningVersioningConfiguration(status="Enabled"),
        )
        s3_bucket_public_access_block.S3BucketPublicAccessBlock(
            stack, "access", bucket=bucket.id, block_public_acls=True
        )

    template = synth.constructs(build)
    template.has_resource("aws_s3_bucket", {{"bucket": f"bucket-{{number}}"}})
    template.has_resource("aws_s3_bucket_versioning", {{"versioning_configuration": {{"status": "Enabled"}}}})
    template.has_resource("aws_s3_bucket_public_access_block", {{"block_public_acls": True}})
"""
_STOCK = """
import pytest
from cdktf import App, TerraformStack, Testing
from cdktf_cdktf_provider_aws.provider import AwsProvider
from cdktf_cdktf_provider_aws.s3_bucket import S3Bucket
from cdktf_cdktf_provider_aws.s3_bucket_public_access_block import S3BucketPublicAccessBlock
from cdktf_cdktf_provider_aws.s3_bucket_versioning import (
    S3BucketVersioningA,
    S3BucketVersioningVersioningConfiguration,
)


@pytest.mark.parametrize("number", range({count}))
def test_a_bucket_is_versioned_and_private(number):
    stack = TerraformStack(Testing.app(), "test")
    AwsProvider(stack, "aws", region="us-east-1")
    bucket = S3Bucket(stack, "bucket", bucket=f"bucket-{{number}}")
    S3BucketVersioningA(
        stack,
        "versioning",
        bucket=bucket.id,
        versioning_configuration=S3BucketVersioningVersioningConfiguration(status="Enabled"),
    )
    S3BucketPublicAccessBlock(stack, "access", bucket=bucket.id, block_public_acls=True)
    written = Testing.synth(stack)
    assert Testing.to_have_resource_with_properties(
        written, S3Bucket.TF_RESOURCE_TYPE, {{"bucket": f"bucket-{{number}}"}}
    )
    assert Testing.to_have_resource_with_properties(
        written, S3BucketVersioningA.TF_RESOURCE_TYPE, {{"versioning_configuration": {{"status": "Enabled"}}}}
    )
    assert Testing.to_have_resource_with_properties(
        written, S3BucketPublicAccessBlock.TF_RESOURCE_TYPE, {{"block_public_acls": True}}
    )
"""
_LAKE = """
import pytest

from mlinfra import DataLake


@pytest.mark.parametrize("number", range({count}))
def test_zones_are_versioned(synth, number):
    template = synth.constructs(lambda stack: DataLake(stack, f"lake-{{number}}", zones=["raw", "models"]))
    template.has_resource("aws_s3_bucket_versioning", {{"versioning_configuration": {{"status": "Enabled"}}}})
"""


def main(kind: str, count: int) -> int:
    """Run the tests, and return the exit code of pytest."""
    stock = os.environ.get("MLINFRA_STOCK_LOADING") == "1"
    text = _LAKE if kind == "lake" else _STOCK if stock else _KIT
    with tempfile.TemporaryDirectory(prefix="mlinfra-bench-") as folder:
        Path(folder, "test_stacks.py").write_text(text.format(count=count), encoding="utf-8")
        return pytest.main(["-q", "-p", "no:cacheprovider", "--rootdir", folder, folder])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
