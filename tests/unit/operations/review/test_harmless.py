"""Harmless updates of existing resources, which must not be held. Harmless creations: tests/deploy/reviewed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.operations.review.plans import OWN, allow, change, policy, rules_of

if TYPE_CHECKING:
    from pathlib import Path

Values = dict[str, Any]

REGISTRY = f"{OWN}.dkr.ecr.us-east-1.amazonaws.com"
READ = allow("s3:GetObject", "arn:aws:s3:::lake/*")
WRITE = allow("s3:PutObject", "arn:aws:s3:::lake/*")
TRUST = policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}})
OVERRIDE = [{"launch_template": [{"override": [{"instance_type": "g5.xlarge"}]}]}]
GROUP = {"name": "g", "min_size": 0, "max_size": 2, "desired_capacity": 1, "mixed_instances_policy": OVERRIDE}
NODES = {"node_group_name": "n", "instance_types": ["m5.large"]}
ALARM = {"alarm_name": "a", "actions_enabled": True, "alarm_actions": ["t"], "threshold": 5, "evaluation_periods": 3}
RULE = {"status": "Enabled", "expiration": [{"days": 30}], "filter": [{"prefix": "tmp/"}]}
QUEUE = {"name": "q", "kms_master_key_id": "k", "message_retention_seconds": 60, "redrive_policy": "{}"}


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("s3_bucket", {"bucket": "lake", "tags": {}}, {"bucket": "lake", "tags": {"a": "b"}}),
        ("iam_role", {"name": "r", "description": "a", "assume_role_policy": TRUST},
         {"name": "r", "description": "b", "assume_role_policy": TRUST}),
        ("iam_role_policy", {"role": "r", "policy": policy(READ, WRITE)}, {"role": "r", "policy": policy(READ)}),
        ("iam_role_policy", {"role": "r", "policy": policy(READ)},
         {"role": "r", "policy": policy({**READ, "Sid": "A"})}),
        ("autoscaling_group", GROUP, {**GROUP, "max_size": 3}),
        ("autoscaling_group", GROUP, {**GROUP, "desired_capacity": 2}),
        ("cloudwatch_log_group", {"name": "l", "retention_in_days": 30}, {"name": "l", "retention_in_days": 90}),
        ("cloudwatch_metric_alarm", ALARM, {**ALARM, "threshold": 3}),
        ("cloudwatch_metric_alarm", ALARM, {**ALARM, "alarm_actions": ["t", "u"]}),
        ("cloudwatch_metric_alarm", ALARM, {**ALARM, "alarm_description": "new"}),
        ("lambda_function", {"function_name": "f", "image_uri": f"{REGISTRY}/f:1", "role": "r"},
         {"function_name": "f", "image_uri": f"{REGISTRY}/f:2", "role": "r"}),
        ("lambda_function", {"function_name": "f", "memory_size": 128, "timeout": 3},
         {"function_name": "f", "memory_size": 512, "timeout": 60}),
        ("lambda_function", {"function_name": "f", "source_code_hash": "a"},
         {"function_name": "f", "source_code_hash": "b"}),
        ("ecs_task_definition", {"family": "t", "container_definitions": f'[{{"image": "{REGISTRY}/t:1"}}]'},
         {"family": "t", "container_definitions": f'[{{"image": "{REGISTRY}/t:2"}}]'}),
        ("launch_template", {"name": "lt", "image_id": "ami-1"}, {"name": "lt", "image_id": "ami-2"}),
        ("db_instance", {"identifier": "d", "backup_retention_period": 7, "storage_encrypted": True},
         {"identifier": "d", "backup_retention_period": 14, "storage_encrypted": True}),
        ("db_instance", {"identifier": "d", "instance_class": "db.t3.small"},
         {"identifier": "d", "instance_class": "db.t3.medium"}),
        ("dynamodb_table", {"name": "t", "point_in_time_recovery": [{"enabled": False}]},
         {"name": "t", "point_in_time_recovery": [{"enabled": True}]}),
        ("s3_bucket_versioning", {"bucket": "b", "versioning_configuration": [{"status": "Suspended"}]},
         {"bucket": "b", "versioning_configuration": [{"status": "Enabled"}]}),
        ("s3_bucket_lifecycle_configuration", {"bucket": "b", "rule": [RULE]},
         {"bucket": "b", "rule": [{**RULE, "expiration": [{"days": 60}]}]}),
        ("s3_bucket_public_access_block", {"bucket": "b", "block_public_acls": False},
         {"bucket": "b", "block_public_acls": True}),
        ("sqs_queue", QUEUE, {**QUEUE, "message_retention_seconds": 600}),
        ("sqs_queue", QUEUE, {**QUEUE, "visibility_timeout_seconds": 60}),
        ("sns_topic", {"name": "t", "display_name": "a"}, {"name": "t", "display_name": "b"}),
        ("appautoscaling_target", {"resource_id": "e", "max_capacity": 4}, {"resource_id": "e", "max_capacity": 5}),
        ("sagemaker_endpoint", {"name": "e", "endpoint_config_name": "a"}, {"name": "e", "endpoint_config_name": "b"}),
        ("kms_key", {"id": "k", "enable_key_rotation": False}, {"id": "k", "enable_key_rotation": True}),
        ("backup_plan", {"name": "p", "rule": [{"rule_name": "d", "lifecycle": [{"delete_after": 30}]}]},
         {"name": "p", "rule": [{"rule_name": "d", "lifecycle": [{"delete_after": 90}]}]}),
        ("cloudtrail", {"name": "t", "is_multi_region_trail": False, "enable_logging": True},
         {"name": "t", "is_multi_region_trail": True, "enable_logging": True}),
        ("subnet", {"id": "s", "map_public_ip_on_launch": True}, {"id": "s", "map_public_ip_on_launch": False}),
        ("lb", {"name": "l", "internal": True, "idle_timeout": 60},
         {"name": "l", "internal": True, "idle_timeout": 90}),
        ("cloudwatch_event_rule", {"name": "r", "state": "DISABLED"}, {"name": "r", "state": "ENABLED"}),
        ("budgets_budget", {"name": "b", "limit_amount": "200"}, {"name": "b", "limit_amount": "100"}),
        ("ssm_parameter", {"name": "/app/x", "value": "a"}, {"name": "/app/x", "value": "b"}),
        ("eks_node_group", {**NODES, "scaling_config": [{"max_size": 2, "desired_size": 1}]},
         {**NODES, "scaling_config": [{"max_size": 3, "desired_size": 1}]}),
        ("cloudfront_distribution", {"id": "E1", "comment": "a"}, {"id": "E1", "comment": "b"}),
        ("glue_job", {"name": "j", "role_arn": "r", "max_retries": 0},
         {"name": "j", "role_arn": "r", "max_retries": 1}),
        ("route53_record", {"name": "x", "type": "A", "ttl": 60}, {"name": "x", "type": "A", "ttl": 300}),
        ("guardduty_detector", {"id": "d", "enable": True, "finding_publishing_frequency": "SIX_HOURS"},
         {"id": "d", "enable": True, "finding_publishing_frequency": "ONE_HOUR"}),
    ],
)  # fmt: skip
def test_a_harmless_update_is_not_held(tmp_path: Path, kind: str, before: Values, after: Values) -> None:
    found = rules_of(tmp_path, change(f"aws_{kind}.x", before, after))
    assert not [id_ for id_, level in found if level == "hold"]


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("iam_role_policy", {"role": "r", "policy": policy(READ)}),
        ("vpc_security_group_ingress_rule", {"security_group_id": "sg", "cidr_ipv4": "0.0.0.0/0", "ip_protocol": "-1"}),
        ("s3_bucket_policy", {"bucket": "lake", "policy": policy({**READ, "Principal": "*"})}),
        ("cloudwatch_metric_alarm", ALARM),
        ("cloudwatch_log_subscription_filter", {"name": "l", "destination_arn": "a"}),
        ("ram_principal_association", {"principal": "999999999999"}),
        ("launch_template", {"name": "lt"}),
        ("sagemaker_endpoint_configuration", {"name": "c"}),
    ],
)
def test_the_removal_of_what_holds_no_data_is_not_held(tmp_path: Path, kind: str, values: Values) -> None:
    found = rules_of(tmp_path, change(f"aws_{kind}.x", values, None))
    assert not [id_ for id_, level in found if level == "hold"]
