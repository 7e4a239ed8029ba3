"""Server access logging of buckets."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.local_aws.gaps.s3.conftest import code_and_status


def logging_to(s3: Any, **statement: Any) -> dict[str, Any]:
    s3.create_bucket(Bucket="logs")
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": ["arn:aws:s3:::logs/access/*"],
    }
    everyone = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": "arn:aws:s3:::logs"}
    policy = {"Version": "2012-10-17", "Statement": [everyone, {**allow, **statement}]}
    s3.put_bucket_policy(Bucket="logs", Policy=json.dumps(policy))
    key_format = {"PartitionedPrefix": {"PartitionDateSource": "EventTime"}}
    return {"TargetBucket": "logs", "TargetPrefix": "access/", "TargetObjectKeyFormat": key_format}


def test_logging_keeps_the_format_of_its_keys(s3: Any) -> None:
    wanted = logging_to(s3)
    s3.put_bucket_logging(Bucket="data", BucketLoggingStatus={"LoggingEnabled": wanted})
    assert s3.get_bucket_logging(Bucket="data")["LoggingEnabled"] == wanted
    s3.put_bucket_logging(Bucket="data", BucketLoggingStatus={})
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket="data")


def test_logging_to_a_bucket_without_permission_is_refused(s3: Any) -> None:
    wanted = {"LoggingEnabled": logging_to(s3, Resource="arn:aws:s3:::logs/elsewhere/*")}
    assert code_and_status(s3.put_bucket_logging, Bucket="data", BucketLoggingStatus=wanted)[0] == (
        "InvalidTargetBucketForLogging"
    )
