"""Requests for sub-resources of a bucket that are not implemented."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.local_aws.gaps.s3.conftest import ask

if TYPE_CHECKING:
    from mlinfra.local_aws.server import LocalAws


@pytest.mark.parametrize("sub_resource", ["metadataTable", "metadataConfiguration", "versioning", "logging", "acl"])
def test_deleting_a_sub_resource_never_deletes_the_bucket(
    mlinfra_local_aws: LocalAws, s3: Any, sub_resource: str
) -> None:
    status, _ = ask(mlinfra_local_aws, "DELETE", f"/data?{sub_resource}")
    assert status in {405, 501}
    s3.head_bucket(Bucket="data")


def test_setting_an_unknown_sub_resource_never_creates_a_bucket(mlinfra_local_aws: LocalAws, s3: Any) -> None:
    status, body = ask(mlinfra_local_aws, "PUT", "/other?abac")
    assert (status, "NotImplemented" in body) == (501, True)
    assert [each["Name"] for each in s3.list_buckets()["Buckets"]] == ["data"]
