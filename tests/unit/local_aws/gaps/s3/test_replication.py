"""Replication configurations of buckets."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.local_aws.gaps.s3.conftest import code_and_status

BY_TAG = {"Filter": {"Tag": {"Key": "a", "Value": "b"}}}


def replication(**rule: Any) -> dict[str, Any]:
    whole = {
        "ID": "all",
        "Priority": 1,
        "Status": "Enabled",
        "Filter": {"Prefix": "raw/"},
        "DeleteMarkerReplication": {"Status": "Disabled"},
        "Destination": {"Bucket": "arn:aws:s3:::copy", "StorageClass": "STANDARD_IA"},
    }
    whole.update(rule)
    rules = [{name: value for name, value in whole.items() if value is not None}]
    return {"Role": "arn:aws:iam::123456789012:role/replication", "Rules": rules}


@pytest.fixture
def versioned(s3: Any) -> Any:
    s3.create_bucket(Bucket="copy")
    for bucket in ("data", "copy"):
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return s3


def test_a_replication_is_returned_as_put(versioned: Any) -> None:
    wanted = replication(SourceSelectionCriteria={"SseKmsEncryptedObjects": {"Status": "Enabled"}})
    versioned.put_bucket_replication(Bucket="data", ReplicationConfiguration=wanted)
    assert versioned.get_bucket_replication(Bucket="data")["ReplicationConfiguration"] == wanted
    versioned.delete_bucket_replication(Bucket="data")
    assert code_and_status(versioned.get_bucket_replication, Bucket="data")[1] == 404


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param({"Priority": None}, id="no priority"),
        pytest.param({"DeleteMarkerReplication": None}, id="nothing said of delete markers"),
        pytest.param({"Destination": {"Bucket": "arn:aws:s3:::none"}}, id="no such destination"),
        pytest.param({**BY_TAG, "DeleteMarkerReplication": {"Status": "Enabled"}}, id="delete markers have no tags"),
    ],
)
def test_an_invalid_replication_is_refused(versioned: Any, rule: dict[str, Any]) -> None:
    put = versioned.put_bucket_replication
    assert code_and_status(put, Bucket="data", ReplicationConfiguration=replication(**rule)) == ("InvalidRequest", 400)


def test_a_replication_requires_two_versioned_buckets(versioned: Any) -> None:
    put = versioned.put_bucket_replication
    for bucket in ("copy", "data"):
        versioned.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
        assert code_and_status(put, Bucket="data", ReplicationConfiguration=replication())[0] == "InvalidRequest"
