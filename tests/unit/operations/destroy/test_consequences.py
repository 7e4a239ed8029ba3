"""Data that is deleted with resources, and what remains."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.functions.contract import Tag
from mlinfra.operations.aws import account_of
from mlinfra.operations.destroy.consequences import consequences
from mlinfra.operations.destroy.planned import Doomed
from tests.conftest import an_environment

if TYPE_CHECKING:
    from collections.abc import Callable

ENVIRONMENT = an_environment(name="local", account_id="123456789012", emulated=True)


def told(*doomed: Doomed) -> list[tuple[str, str]]:
    return [(each.kind, each.text) for each in consequences(doomed, ENVIRONMENT, account_of(ENVIRONMENT))]


@pytest.mark.usefixtures("local_aws")
@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("aws_s3_bucket", {"bucket": "b", "force_destroy": True}, ("deleted", "all objects of the bucket b")),
        ("aws_s3_bucket", {"bucket": "b", "force_destroy": False}, None),
        ("aws_ecr_repository", {"name": "r", "force_delete": True}, ("deleted", "all images of the repository r")),
        ("aws_ecr_repository", {"name": "r", "force_delete": None}, None),
        ("aws_cloudwatch_log_group", {"name": "g"}, ("deleted", "the logs of g")),
        ("aws_cloudwatch_log_group", {"name": "g", "skip_destroy": True}, ("remains", "the log group g")),
        (
            "aws_sagemaker_domain",
            {"home_efs_file_system_id": "fs-1", "retention_policy": []},
            (
                "remains",
                "the file system fs-1 with the home directories, which is charged for until it is deleted",
            ),
        ),
        (
            "aws_sagemaker_domain",
            {"home_efs_file_system_id": "fs-1", "retention_policy": [{"home_efs_file_system": "Delete"}]},
            ("deleted", "the file system fs-1 with all home directories"),
        ),
        (
            "aws_kms_key",
            {"key_id": "k", "deletion_window_in_days": 7},
            (
                "remains",
                (
                    "the key k, for 7 days. Afterwards everything encrypted with it is unreadable. To keep it: aws kms "
                    "cancel-key-deletion --key-id k"
                ),
            ),
        ),
        ("aws_vpc", {"id": "vpc-1"}, None),
    ],
)
def test_of_a_resource(kind: str, values: dict[str, Any], expected: tuple[str, str] | None) -> None:
    assert told(Doomed("local-x", f"{kind}.x", kind, values)) == ([expected] if expected else [])


def test_kept_volumes_that_no_function_deletes_any_more(client: Callable[..., Any]) -> None:
    ec2 = client("ec2")
    ids = []
    for tags in (
        {Tag.PROJECT: ENVIRONMENT.project, Tag.ENVIRONMENT: "local", Tag.DELETE_AFTER: "2026-12-01T00:00:00Z"},
        {Tag.PROJECT: ENVIRONMENT.project, Tag.ENVIRONMENT: "prod", Tag.DELETE_AFTER: "2026-12-01T00:00:00Z"},
        {Tag.PROJECT: ENVIRONMENT.project, Tag.ENVIRONMENT: "local"},
    ):
        specification = {"ResourceType": "volume", "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}
        made = ec2.create_volume(AvailabilityZone="us-east-1a", Size=200, TagSpecifications=[specification])
        ids.append(made["VolumeId"])
    janitor = Doomed("local-training", "aws_lambda_function.j", "aws_lambda_function", {"function_name": "x"})
    assert told(janitor) == []
    janitor = Doomed(
        "local-training", "aws_lambda_function.j", "aws_lambda_function", {"function_name": ENVIRONMENT.names.janitor}
    )
    assert told(janitor) == [
        ("remains", f"1 volume of stopped clusters (200 GiB), which no function deletes any more: {ids[0]}")
    ]
