"""S3 with one bucket, and requests below the level of boto3."""

from __future__ import annotations

from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.local_aws.server import LocalAws


@pytest.fixture
def s3(client: Callable[..., Any]) -> Any:
    """S3 client, with one bucket `data` and nothing else."""
    s3 = client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        versions = s3.list_object_versions(Bucket=bucket["Name"])
        for each in versions.get("Versions", []) + versions.get("DeleteMarkers", []):
            s3.delete_object(Bucket=bucket["Name"], Key=each["Key"], VersionId=each["VersionId"])
        s3.delete_bucket(Bucket=bucket["Name"])
    s3.create_bucket(Bucket="data")
    return s3


def code_and_status(call: Callable[..., Any], **arguments: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


def ask(local_aws: LocalAws, method: str, path: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", local_aws.port, timeout=10)
    try:
        connection.request(method, path, headers={"Content-Length": "0"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
