"""Actions of S3 requests. Their names differ from those of the API operations."""

from __future__ import annotations

import pytest

from mlinfra.local_aws.permissions.s3_actions import s3_action


@pytest.mark.parametrize(
    ("method", "path", "query", "action"),
    [
        ("GET", "", [], "s3:ListAllMyBuckets"),
        ("HEAD", "lake", [], "s3:ListBucket"),
        ("GET", "lake", ["list-type", "prefix"], "s3:ListBucket"),
        ("GET", "lake", ["versions"], "s3:ListBucketVersions"),
        ("GET", "lake", ["location"], "s3:GetBucketLocation"),
        ("PUT", "lake", [], "s3:CreateBucket"),
        ("DELETE", "lake", [], "s3:DeleteBucket"),
        ("PUT", "lake", ["policy"], "s3:PutBucketPolicy"),
        ("DELETE", "lake", ["policy"], "s3:DeleteBucketPolicy"),
        ("GET", "lake", ["policyStatus"], "s3:GetBucketPolicyStatus"),
        ("PUT", "lake", ["lifecycle"], "s3:PutLifecycleConfiguration"),
        ("DELETE", "lake", ["lifecycle"], "s3:PutLifecycleConfiguration"),
        ("PUT", "lake", ["encryption"], "s3:PutEncryptionConfiguration"),
        ("GET", "lake", ["publicAccessBlock"], "s3:GetBucketPublicAccessBlock"),
        ("DELETE", "lake", ["replication"], "s3:PutReplicationConfiguration"),
        ("GET", "lake", ["object-lock"], "s3:GetBucketObjectLockConfiguration"),
        ("POST", "lake", ["delete"], "s3:DeleteObject"),
        ("GET", "lake/a", [], "s3:GetObject"),
        ("HEAD", "lake/a", [], "s3:GetObject"),
        ("GET", "lake/a", ["versionId"], "s3:GetObjectVersion"),
        ("PUT", "lake/a", [], "s3:PutObject"),
        ("PUT", "lake/a", ["partNumber", "uploadId"], "s3:PutObject"),
        ("DELETE", "lake/a", ["uploadId"], "s3:AbortMultipartUpload"),
        ("GET", "lake/a", ["uploadId"], "s3:ListMultipartUploadParts"),
        ("DELETE", "lake/a", ["versionId"], "s3:DeleteObjectVersion"),
        ("GET", "lake/a", ["tagging", "versionId"], "s3:GetObjectVersionTagging"),
        ("DELETE", "lake/a", ["tagging"], "s3:DeleteObjectTagging"),
        ("PUT", "lake/a", ["legal-hold"], "s3:PutObjectLegalHold"),
        ("POST", "lake/a", ["restore"], "s3:RestoreObject"),
    ],
)
def test_a_request_has_the_action_of_the_authorization_reference(
    method: str, path: str, query: list[str], action: str
) -> None:
    bucket, _, key = path.partition("/")
    assert s3_action(method, bucket=bucket or None, key=key or None, query=query) == action
