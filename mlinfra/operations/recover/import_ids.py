"""Ids with which Terraform imports a resource, from the planned attributes of the resource.

Source of each form: the section "Import" of the page of the resource type, AWS provider 5.100. The table has types
with an id that follows from their arguments; of others, such as KMS keys and subnets, AWS chooses the id.
"""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_BUCKET: Final = "{bucket}"
_FORMS: Final[Mapping[str, str]] = {
    "aws_appautoscaling_policy": "{service_namespace}/{resource_id}/{scalable_dimension}/{name}",
    "aws_appautoscaling_target": "{service_namespace}/{resource_id}/{scalable_dimension}",
    "aws_athena_workgroup": "{name}",
    "aws_autoscaling_group": "{name}",
    "aws_autoscaling_schedule": "{autoscaling_group_name}/{scheduled_action_name}",
    "aws_batch_compute_environment": "{compute_environment_name}",
    "aws_budgets_budget": "{_account}:{name}",
    "aws_cloudwatch_event_rule": "{name}",
    "aws_cloudwatch_event_target": "{rule}/{target_id}",
    "aws_cloudwatch_log_group": "{name}",
    "aws_cloudwatch_metric_alarm": "{alarm_name}",
    "aws_dynamodb_table": "{name}",
    "aws_ecr_lifecycle_policy": "{repository}",
    "aws_ecr_repository": "{name}",
    "aws_ecr_repository_policy": "{repository}",
    "aws_glue_catalog_database": "{_account}:{name}",
    "aws_glue_catalog_table": "{_account}:{database_name}:{name}",
    "aws_iam_group": "{name}",
    "aws_iam_instance_profile": "{name}",
    "aws_iam_policy": "arn:{_partition}:iam::{_account}:policy{path}{name}",
    "aws_iam_role": "{name}",
    "aws_iam_role_policy": "{role}:{name}",
    "aws_iam_role_policy_attachment": "{role}/{policy_arn}",
    "aws_iam_user": "{name}",
    "aws_kms_alias": "{name}",
    "aws_lambda_function": "{function_name}",
    "aws_lambda_function_event_invoke_config": "{function_name}",
    "aws_lambda_permission": "{function_name}/{statement_id}",
    "aws_placement_group": "{name}",
    "aws_s3_bucket": _BUCKET,
    "aws_s3_bucket_inventory": "{bucket}:{name}",
    "aws_s3_bucket_lifecycle_configuration": _BUCKET,
    "aws_s3_bucket_logging": _BUCKET,
    "aws_s3_bucket_notification": _BUCKET,
    "aws_s3_bucket_object_lock_configuration": _BUCKET,
    "aws_s3_bucket_ownership_controls": _BUCKET,
    "aws_s3_bucket_policy": _BUCKET,
    "aws_s3_bucket_public_access_block": _BUCKET,
    "aws_s3_bucket_replication_configuration": _BUCKET,
    "aws_s3_bucket_server_side_encryption_configuration": _BUCKET,
    "aws_s3_bucket_versioning": _BUCKET,
    "aws_sagemaker_endpoint": "{name}",
    "aws_sagemaker_endpoint_configuration": "{name}",
    "aws_sagemaker_feature_group": "{feature_group_name}",
    "aws_sagemaker_model": "{name}",
    "aws_sagemaker_model_package_group": "{model_package_group_name}",
    "aws_sagemaker_model_package_group_policy": "{model_package_group_name}",
    "aws_sns_topic": "arn:{_partition}:sns:{_region}:{_account}:{name}",
    "aws_sqs_queue": "https://sqs.{_region}.amazonaws.com/{_account}/{name}",
    "aws_ssm_parameter": "{name}",
}


def import_id(type_: str, planned: Mapping[str, Any], *, account: str, region: str) -> str | None:
    """The id of a planned resource; None if it does not follow from the planned attributes.

    Args:
        type_: the resource type.
        planned: the attributes after the apply; those that are known after it are missing or None.
        account: the account id.
        region: the region.
    """
    form = _FORMS.get(type_)
    if form is None:
        return None
    values = {**planned, "_account": account, "_region": region, "_partition": _partition(region)}
    names = [name for _, name, _, _ in string.Formatter().parse(form) if name]
    if not all(isinstance(values.get(name), str) and values[name] for name in names):
        return None
    return form.format_map(values)


def _partition(region: str) -> str:
    return {"cn": "aws-cn", "us-gov": "aws-us-gov"}.get(region.rpartition("-")[0].rpartition("-")[0], "aws")
