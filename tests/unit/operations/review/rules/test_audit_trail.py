from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.operations.review.plans import change, reviewed, rules_of, texts

if TYPE_CHECKING:
    from pathlib import Path

Values = dict[str, Any]

ALARM = {"alarm_name": "errors", "name": "errors", "alarm_actions": ["arn:aws:sns:us-east-1:123456789012:a"]}


@pytest.mark.parametrize(
    ("address", "before", "after", "rule"),
    [
        ("aws_cloudtrail.x", {"enable_logging": True}, {"enable_logging": False}, "MLR801"),
        ("aws_cloudtrail.x", {"is_multi_region_trail": True}, {"is_multi_region_trail": False}, "MLR802"),
        ("aws_cloudtrail.x", {"event_selector": [{"read_write_type": "All"}]},
         {"event_selector": [{"read_write_type": "WriteOnly"}]}, "MLR802"),
        ("aws_cloudtrail.x", {"s3_bucket_name": "a"}, {"s3_bucket_name": "b"}, "MLR802"),
        ("aws_flow_log.x", {"id": "fl-1"}, None, "MLR801"),
        ("aws_s3_bucket_logging.x", {"bucket": "lake"}, None, "MLR801"),
        ("aws_lb.x", {"internal": True, "access_logs": [{"enabled": True}]},
         {"internal": True, "access_logs": [{"enabled": False}]}, "MLR801"),
        ("aws_guardduty_detector.x", {"enable": True}, {"enable": False}, "MLR801"),
        ("aws_guardduty_detector.x", {"enable": True}, None, "MLR801"),
        ("aws_config_configuration_recorder_status.x", {"is_enabled": True}, {"is_enabled": False}, "MLR801"),
        ("aws_config_configuration_recorder.x", {"name": "r"}, None, "MLR801"),
        ("aws_cloudwatch_metric_alarm.x", {**ALARM, "actions_enabled": True}, {**ALARM, "actions_enabled": False},
         "MLR803"),
        ("aws_cloudwatch_metric_alarm.x", ALARM, {**ALARM, "alarm_actions": []}, "MLR803"),
        ("aws_cloudwatch_metric_alarm.x", ALARM, None, "MLR804"),
        ("aws_cloudwatch_metric_alarm.x", {**ALARM, "threshold": 1}, {**ALARM, "threshold": 100}, "MLR804"),
        ("aws_sns_topic_subscription.x", {"topic_arn": "t", "endpoint": "a@example.com"}, None, "MLR803"),
        ("aws_budgets_budget.x", {"limit_amount": "100"}, {"limit_amount": "100000"}, "MLR804"),
        ("aws_sqs_queue.x", {"redrive_policy": "{}"}, {"redrive_policy": ""}, "MLR805"),
        ("aws_lambda_function.x", {"dead_letter_config": [{"target_arn": "q"}]}, {"dead_letter_config": []}, "MLR805"),
        ("aws_cloudwatch_event_rule.x", {"state": "ENABLED"}, {"state": "DISABLED"}, "MLR803"),
        ("aws_eks_cluster.x", {"enabled_cluster_log_types": ["api", "audit"]},
         {"enabled_cluster_log_types": ["api"]}, "MLR802"),
        ("aws_accessanalyzer_analyzer.x", {"analyzer_name": "a"}, None, "MLR801"),
    ],
)  # fmt: skip
def test_a_record_or_a_notification_that_ends_is_found(
    tmp_path: Path, address: str, before: Values, after: Values | None, rule: str
) -> None:
    assert rule in texts(reviewed(tmp_path, change(address, before, after)))


def test_a_trail_that_is_created_without_logging_is_held(tmp_path: Path) -> None:
    assert rules_of(tmp_path, change("aws_cloudtrail.x", None, {"enable_logging": False})) == {("MLR801", "hold")}


def test_the_access_log_of_a_destroyed_bucket_has_no_finding(tmp_path: Path) -> None:
    bucket = change("aws_s3_bucket.x", {"bucket": "lake", "id": "lake"}, None)
    assert rules_of(tmp_path, bucket, change("aws_s3_bucket_logging.x", {"bucket": "lake"}, None)) == {
        ("MLR101", "hold")
    }
