"""Types of resources that follow another one: settings follow their subject, parts follow their users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_SUBJECTS: Final[Mapping[str, str]] = {
    "aws_appautoscaling_policy": "aws_sagemaker_endpoint",
    "aws_appautoscaling_target": "aws_sagemaker_endpoint",
    "aws_autoscaling_attachment": "aws_autoscaling_group",
    "aws_autoscaling_group_tag": "aws_autoscaling_group",
    "aws_autoscaling_lifecycle_hook": "aws_autoscaling_group",
    "aws_autoscaling_notification": "aws_autoscaling_group",
    "aws_autoscaling_policy": "aws_autoscaling_group",
    "aws_autoscaling_schedule": "aws_autoscaling_group",
    "aws_cloudwatch_event_target": "aws_lambda_function",
    "aws_ecr_lifecycle_policy": "aws_ecr_repository",
    "aws_ecr_repository_policy": "aws_ecr_repository",
    "aws_iam_role_policies_exclusive": "aws_iam_role",
    "aws_iam_role_policy": "aws_iam_role",
    "aws_iam_role_policy_attachment": "aws_iam_role",
    "aws_lambda_event_source_mapping": "aws_lambda_function",
    "aws_lambda_permission": "aws_lambda_function",
    "aws_s3_object": "aws_s3_bucket",
    "aws_sagemaker_app": "aws_sagemaker_domain",
    "aws_sagemaker_model_package_group_policy": "aws_sagemaker_model_package_group",
    "aws_sagemaker_space": "aws_sagemaker_domain",
    "aws_sagemaker_user_profile": "aws_sagemaker_domain",
    "aws_security_group_rule": "aws_security_group",
    "aws_vpc_security_group_egress_rule": "aws_security_group",
    "aws_vpc_security_group_ingress_rule": "aws_security_group",
}
_SUBJECTS_BY_PREFIX: Final[Mapping[str, str]] = {"aws_s3_bucket_": "aws_s3_bucket"}
_ALARM_SUBJECTS: Final = ("aws_autoscaling_group", "aws_sagemaker_endpoint")

PARTS: Final = frozenset(
    {
        "aws_batch_compute_environment",
        "aws_batch_scheduling_policy",
        "aws_iam_instance_profile",
        "aws_iam_policy",
        "aws_iam_role",
        "aws_key_pair",
        "aws_launch_configuration",
        "aws_launch_template",
        "aws_placement_group",
        "aws_sagemaker_endpoint_configuration",
        "aws_sagemaker_model",
        "aws_sagemaker_studio_lifecycle_config",
        "aws_security_group",
        "aws_sns_topic",
    }
)
"""Types of resources that others use: a construct that replaces all users replaces them too."""


def subjects_of(kind: str) -> tuple[str, ...]:
    """The types of which resources of a type are settings. Empty: of none."""
    if kind == "aws_cloudwatch_metric_alarm":
        return _ALARM_SUBJECTS
    if kind in _SUBJECTS:
        return (_SUBJECTS[kind],)
    return tuple(subject for prefix, subject in _SUBJECTS_BY_PREFIX.items() if kind.startswith(prefix))
