"""Lifecycle configurations of buckets."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.local_aws.gaps.s3.conftest import code_and_status

EVERYTHING: dict[str, Any] = {"Filter": {}}


def put_rules(s3: Any, rules: list[dict[str, Any]], **more: Any) -> Any:
    configuration = {"Rules": [{"Status": "Enabled", **rule} for rule in rules]}
    return s3.put_bucket_lifecycle_configuration(Bucket="data", LifecycleConfiguration=configuration, **more)


def test_a_lifecycle_is_returned_as_put(s3: Any) -> None:
    rules = [
        {
            "ID": "large",
            "Status": "Enabled",
            "Filter": {"And": {"Prefix": "raw/", "ObjectSizeGreaterThan": 1, "Tags": [{"Key": "a", "Value": "b"}]}},
            "Transitions": [{"Days": 0, "StorageClass": "INTELLIGENT_TIERING"}],
        },
        {
            "ID": "versions",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "NoncurrentVersionExpiration": {"NoncurrentDays": 30, "NewerNoncurrentVersions": 3},
        },
    ]
    put_rules(s3, rules, TransitionDefaultMinimumObjectSize="varies_by_storage_class")
    answer = s3.get_bucket_lifecycle_configuration(Bucket="data")
    assert answer["Rules"] == rules
    assert answer["TransitionDefaultMinimumObjectSize"] == "varies_by_storage_class"


def test_a_lifecycle_rule_without_an_id_receives_one(s3: Any) -> None:
    put_rules(s3, [{**EVERYTHING, "Expiration": {"Days": 1}}])
    answer = s3.get_bucket_lifecycle_configuration(Bucket="data")
    assert answer["Rules"][0]["ID"]
    assert answer["TransitionDefaultMinimumObjectSize"] == "all_storage_classes_128K"


BY_TAG = {"Filter": {"Tag": {"Key": "a", "Value": "b"}}}


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        pytest.param([EVERYTHING], "InvalidRequest", id="nothing to do"),
        pytest.param([{"Expiration": {"Days": 1}}], "MalformedXML", id="no filter"),
        pytest.param([{**EVERYTHING, "Prefix": "", "Expiration": {"Days": 1}}], "MalformedXML", id="two filters"),
        pytest.param(
            [{"Filter": {"And": {"Prefix": "a"}}, "Expiration": {"Days": 1}}], "MalformedXML", id="joins one condition"
        ),
        pytest.param([{"ID": "a", **EVERYTHING, "Expiration": {"Days": 1}}] * 2, "InvalidArgument", id="one id twice"),
        pytest.param([{**EVERYTHING, "Expiration": {"Days": 0}}], "InvalidArgument", id="no days"),
        pytest.param(
            [{**EVERYTHING, "Transitions": [{"Days": 7, "StorageClass": "STANDARD_IA"}]}],
            "InvalidArgument",
            id="infrequent access too early",
        ),
        pytest.param(
            [
                {
                    **EVERYTHING,
                    "Transitions": [
                        {"Days": 30, "StorageClass": "STANDARD_IA"},
                        {"Days": 59, "StorageClass": "GLACIER"},
                    ],
                }
            ],
            "InvalidArgument",
            id="archived too early after infrequent access",
        ),
        pytest.param(
            [{**EVERYTHING, "Transitions": [{"Days": 9, "StorageClass": "GLACIER"}], "Expiration": {"Days": 9}}],
            "InvalidArgument",
            id="expires before it transitions",
        ),
        pytest.param(
            [{**EVERYTHING, "NoncurrentVersionExpiration": {"NoncurrentDays": 1, "NewerNoncurrentVersions": 101}}],
            "InvalidArgument",
            id="too many newer versions",
        ),
        pytest.param(
            [{**BY_TAG, "Expiration": {"ExpiredObjectDeleteMarker": True}}], "InvalidRequest", id="markers by tag"
        ),
        pytest.param(
            [{**BY_TAG, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}],
            "InvalidRequest",
            id="uploads by tag",
        ),
    ],
)
def test_contradictory_lifecycle_rules_are_refused(s3: Any, rules: list[dict[str, Any]], code: str) -> None:
    assert code_and_status(put_rules, s3=s3, rules=rules)[0] == code
    assert code_and_status(s3.get_bucket_lifecycle_configuration, Bucket="data")[0] == "NoSuchLifecycleConfiguration"


def test_a_deleted_lifecycle_is_not_found(s3: Any) -> None:
    put_rules(s3, [{**EVERYTHING, "Expiration": {"Days": 1}}])
    s3.delete_bucket_lifecycle(Bucket="data")
    assert code_and_status(s3.get_bucket_lifecycle_configuration, Bucket="data")[0] == "NoSuchLifecycleConfiguration"
