"""Object Lock configurations of buckets."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.local_aws.gaps.s3.conftest import code_and_status


@pytest.fixture
def locked(s3: Any) -> Any:
    s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    return s3


def retention(**default: Any) -> dict[str, Any]:
    return {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", **default}}}


def test_a_default_retention_can_be_changed_in_a_bucket_with_objects(locked: Any) -> None:
    locked.put_object(Bucket="locked", Key="a", Body=b"x")
    locked.put_object_lock_configuration(Bucket="locked", ObjectLockConfiguration=retention(Days=2))
    found = locked.get_object_lock_configuration(Bucket="locked")["ObjectLockConfiguration"]
    assert found == retention(Days=2)


def test_a_default_retention_requires_either_days_or_years(locked: Any) -> None:
    put = locked.put_object_lock_configuration
    for both_or_none in (retention(), retention(Days=1, Years=1)):
        assert code_and_status(put, Bucket="locked", ObjectLockConfiguration=both_or_none) == ("MalformedXML", 400)


def test_only_a_bucket_with_object_lock_has_its_configuration(locked: Any) -> None:
    get = locked.get_object_lock_configuration
    assert get(Bucket="locked")["ObjectLockConfiguration"] == {"ObjectLockEnabled": "Enabled"}
    assert code_and_status(get, Bucket="data") == ("ObjectLockConfigurationNotFoundError", 404)
    put = locked.put_object_lock_configuration
    assert code_and_status(put, Bucket="data", ObjectLockConfiguration=retention(Days=1))[0] == "InvalidBucketState"
