"""Data exports of the bill."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable


def export(bucket: str = "bills", query: str = "SELECT line_item_unblended_cost FROM COST_AND_USAGE_REPORT") -> Any:
    return {
        "Name": "costs",
        "DataQuery": {
            "QueryStatement": query,
            "TableConfigurations": {"COST_AND_USAGE_REPORT": {"TIME_GRANULARITY": "DAILY"}},
        },
        "DestinationConfigurations": {
            "S3Destination": {
                "S3Bucket": bucket,
                "S3Prefix": "exports",
                "S3Region": "us-east-1",
                "S3OutputConfigurations": {
                    "OutputType": "CUSTOM",
                    "Format": "PARQUET",
                    "Compression": "PARQUET",
                    "Overwrite": "OVERWRITE_REPORT",
                },
            }
        },
        "RefreshCadence": {"Frequency": "SYNCHRONOUS"},
    }


@pytest.fixture
def exports(client: Callable[..., Any]) -> Any:
    """The client, in an account without exports, with a bucket that the service can write to and one that it cannot."""
    s3 = client("s3")
    for name in ("bills", "private"):
        s3.create_bucket(Bucket=name)
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": ["bcm-data-exports.amazonaws.com", "billingreports.amazonaws.com"]},
        "Action": ["s3:PutObject", "s3:GetBucketPolicy"],
        "Resource": ["arn:aws:s3:::bills", "arn:aws:s3:::bills/*"],
    }
    s3.put_bucket_policy(Bucket="bills", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    made = client("bcm-data-exports")
    for each in made.list_exports()["Exports"]:
        made.delete_export(ExportArn=each["ExportArn"])
    return made


def test_an_export_is_created_described_changed_and_deleted(exports: Any) -> None:
    arn = exports.create_export(Export=export(), ResourceTags=[{"Key": "Team", "Value": "ml"}])["ExportArn"]
    assert arn.startswith("arn:aws:bcm-data-exports:us-east-1:123456789012:export/costs-")
    found = exports.get_export(ExportArn=arn)
    assert found["Export"] == {**export(), "ExportArn": arn}
    assert found["ExportStatus"]["StatusCode"] == "HEALTHY"
    exports.update_export(ExportArn=arn, Export={**export(), "Description": "The bill."})
    assert exports.get_export(ExportArn=arn)["Export"]["Description"] == "The bill."
    assert [each["ExportName"] for each in exports.list_exports()["Exports"]] == ["costs"]
    exports.delete_export(ExportArn=arn)
    assert exports.list_exports()["Exports"] == []
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        exports.get_export(ExportArn=arn)


def test_exports_have_tags(exports: Any) -> None:
    arn = exports.create_export(Export=export(), ResourceTags=[{"Key": "Team", "Value": "ml"}])["ExportArn"]
    exports.tag_resource(ResourceArn=arn, ResourceTags=[{"Key": "Owner", "Value": "ana"}])
    exports.untag_resource(ResourceArn=arn, ResourceTagKeys=["Team"])
    assert exports.list_tags_for_resource(ResourceArn=arn)["ResourceTags"] == [{"Key": "Owner", "Value": "ana"}]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (export(bucket="missing"), "S3 bucket missing does not exist"),
        (export(bucket="private"), "S3 bucket permission validation failed for bucket private"),
        (export(query="SELECT * FROM COST_AND_USAGE_REPORT"), "SELECT \\* is not supported"),
    ],
)
def test_what_aws_refuses_is_refused(exports: Any, changed: Any, said: str) -> None:
    with pytest.raises(ClientError, match=f"ValidationException.*{said}"):
        exports.create_export(Export=changed)


def test_names_are_unique(exports: Any) -> None:
    exports.create_export(Export=export())
    with pytest.raises(ClientError, match=r"ValidationException.*already exists"):
        exports.create_export(Export=export())
