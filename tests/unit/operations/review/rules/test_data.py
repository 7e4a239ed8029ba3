from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.operations.review.plans import change, reviewed, rules_of, texts

if TYPE_CHECKING:
    from pathlib import Path

Values = dict[str, Any]

LIFECYCLE = "aws_s3_bucket_lifecycle_configuration.x"


@pytest.mark.parametrize(
    ("address", "before", "after", "rule"),
    [
        ("aws_db_instance.x", None, {"storage_encrypted": False}, "MLR121"),
        ("aws_efs_file_system.x", None, {"encrypted": False}, "MLR121"),
        ("aws_kinesis_stream.x", None, {"encryption_type": "NONE"}, "MLR121"),
        ("aws_sqs_queue.x", {"sqs_managed_sse_enabled": True}, {"sqs_managed_sse_enabled": False}, "MLR121"),
        ("aws_sqs_queue.x", {"kms_master_key_id": "k"}, {"kms_master_key_id": None}, "MLR112"),
        ("aws_sns_topic.x", {"kms_master_key_id": "k"}, {"kms_master_key_id": None}, "MLR128"),
        ("aws_dynamodb_table.x", {"point_in_time_recovery": [{"enabled": True, "recovery_period_in_days": 35}]},
         {"point_in_time_recovery": [{"enabled": True, "recovery_period_in_days": 1}]}, "MLR122"),
        ("aws_dynamodb_table.x", {"stream_enabled": True}, {"stream_enabled": False}, "MLR125"),
        ("aws_backup_vault_lock_configuration.x", {"backup_vault_name": "v"}, None, "MLR122"),
        ("aws_backup_vault_lock_configuration.x", {"min_retention_days": 30}, {"min_retention_days": 1}, "MLR122"),
        ("aws_backup_plan.x", {"rule": [{"rule_name": "d", "lifecycle": [{"delete_after": 90}]}]},
         {"rule": [{"rule_name": "d", "lifecycle": [{"delete_after": 1}]}]}, "MLR122"),
        ("aws_sagemaker_domain.x", {"retention_policy": [{"home_efs_file_system": "Retain"}]},
         {"retention_policy": [{"home_efs_file_system": "Delete"}]}, "MLR123"),
        ("aws_kinesis_stream.x", {"retention_period": 168}, {"retention_period": 24}, "MLR123"),
        ("aws_s3_bucket.x", {"bucket": "b", "force_destroy": False}, {"bucket": "b", "force_destroy": True}, "MLR115"),
        ("aws_kms_alias.x", {"name": "alias/x", "target_key_id": "a"}, {"name": "alias/x", "target_key_id": "b"},
         "MLR128"),
        ("aws_lambda_event_source_mapping.x", {"enabled": True}, {"enabled": False}, "MLR125"),
    ],
)  # fmt: skip
def test_data_that_loses_a_protection_is_held(
    tmp_path: Path, address: str, before: Values | None, after: Values | None, rule: str
) -> None:
    assert (rule, "hold") in rules_of(tmp_path, change(address, before, after))


def test_a_table_that_is_removed_from_the_state_is_held(tmp_path: Path) -> None:
    table = {"name": "runs"}
    found = rules_of(tmp_path, change("aws_dynamodb_table.x", table, table, actions=["forget"]))
    assert found == {("MLR004", "warning"), ("MLR126", "hold")}


def test_a_moved_bucket_is_a_warning(tmp_path: Path) -> None:
    bucket = {"bucket": "lake"}
    moved = change("aws_s3_bucket.y", bucket, bucket, actions=["no-op"], previous_address="aws_s3_bucket.x")
    assert texts(reviewed(tmp_path, moved)) == {"MLR127": "`lake` is moved from `aws_s3_bucket.x`."}


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"expiration": [{"days": 1}]}, "current objects are deleted after 1 day, in the whole bucket (before: never)"),
        (
            {"expiration": [{"days": 3650}], "filter": [{"prefix": "tmp/"}]},
            "current objects are deleted after 3,650 days, with prefix `tmp/` (before: never)",
        ),
        (
            {"noncurrent_version_expiration": [{"noncurrent_days": 30}]},
            "previous versions are deleted after 30 days, in the whole bucket (before: never)",
        ),
        (
            {"transition": [{"days": 3, "storage_class": "DEEP_ARCHIVE"}]},
            "current objects are archived after 3 days, in the whole bucket (before: never)",
        ),
        ({"expiration": [{"date": "2026-12-01"}]}, "current objects are deleted on `2026-12-01`, in the whole bucket"),
    ],
)
def test_expiry_says_days_and_prefix(tmp_path: Path, rule: Values, words: str) -> None:
    before, after = {"bucket": "lake", "rule": []}, {"bucket": "lake", "rule": [{"status": "Enabled", **rule}]}
    text = texts(reviewed(tmp_path, change(LIFECYCLE, before, after)))["MLR116"]
    assert text.startswith(f"Data of `lake`: {words}")


def test_earlier_expiry_names_the_previous_days(tmp_path: Path) -> None:
    before, after = (
        {"bucket": "lake", "rule": [{"status": "Enabled", "expiration": [{"days": days}]}]} for days in (3650, 1)
    )
    assert texts(reviewed(tmp_path, change(LIFECYCLE, before, after))) == {
        "MLR116": (
            "Data of `lake`: current objects are deleted after 1 day, in the whole bucket (before: after 3,650 days)."
        )
    }
    assert texts(reviewed(tmp_path, change(LIFECYCLE, after, before))) == {}


def test_late_archiving_has_no_finding(tmp_path: Path) -> None:
    rule = {"status": "Enabled", "transition": [{"days": 180, "storage_class": "GLACIER"}]}
    assert texts(reviewed(tmp_path, change(LIFECYCLE, {"rule": []}, {"rule": [rule]}))) == {}
