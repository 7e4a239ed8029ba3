from __future__ import annotations

import pytest

from mlinfra.operations.recover.import_ids import import_id


@pytest.mark.parametrize(
    ("type_", "planned", "expected"),
    [
        ("aws_iam_role", {"name": "worker"}, "worker"),
        ("aws_iam_role_policy", {"role": "worker", "name": "read"}, "worker:read"),
        ("aws_iam_policy", {"name": "read", "path": "/team/"}, "arn:aws-cn:iam::111111111111:policy/team/read"),
        ("aws_sns_topic", {"name": "t"}, "arn:aws-cn:sns:cn-north-1:111111111111:t"),
        ("aws_s3_bucket_policy", {"bucket": "lake"}, "lake"),
        ("aws_lambda_permission", {"function_name": "f", "statement_id": "s"}, "f/s"),
    ],
)
def test_an_id_follows_from_the_planned_attributes(type_: str, planned: dict[str, str], expected: str) -> None:
    assert import_id(type_, planned, account="111111111111", region="cn-north-1") == expected


@pytest.mark.parametrize(
    ("type_", "planned"),
    [
        ("aws_kms_key", {"description": "x"}),
        ("aws_iam_role", {"name": None}),
        ("aws_iam_role_policy", {"name": "the role is known after apply"}),
    ],
)
def test_without_the_attributes_there_is_no_id(type_: str, planned: dict[str, str]) -> None:
    assert import_id(type_, planned, account="111111111111", region="us-east-1") is None


@pytest.mark.parametrize(
    ("region", "partition"), [("us-east-1", "aws"), ("us-gov-west-1", "aws-us-gov"), ("cn-northwest-1", "aws-cn")]
)
def test_the_partition_follows_from_the_region(region: str, partition: str) -> None:
    found = import_id("aws_sns_topic", {"name": "t"}, account="1", region=region)
    assert found == f"arn:{partition}:sns:{region}:1:t"
