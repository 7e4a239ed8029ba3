"""The modules of the AWS provider: `from mlinfra._cdk.aws import s3_bucket` loads it when a class in it is first used.

mlinfra imports about 100 modules, which take 0.6 s of processor time; the stacks of a project need some of them.

The list below is for mypy, which would otherwise read all 2,212 modules, in 40 seconds. Add each module that mlinfra
begins to use: mypy reports missing ones, and a test reports unused ones.
"""
# ruff: noqa: PLC0414  `x as x` marks a re-export for type checkers

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

from mlinfra._cdk import FAMILY
from mlinfra._cdk.python_package import LazyModule, LazyPackage

if TYPE_CHECKING:
    from cdktf_cdktf_provider_aws import (
        appautoscaling_policy as appautoscaling_policy,
        appautoscaling_target as appautoscaling_target,
        athena_workgroup as athena_workgroup,
        autoscaling_group as autoscaling_group,
        autoscaling_schedule as autoscaling_schedule,
        batch_compute_environment as batch_compute_environment,
        batch_job_definition as batch_job_definition,
        batch_job_queue as batch_job_queue,
        batch_scheduling_policy as batch_scheduling_policy,
        bcmdataexports_export as bcmdataexports_export,
        budgets_budget as budgets_budget,
        budgets_budget_action as budgets_budget_action,
        ce_anomaly_monitor as ce_anomaly_monitor,
        ce_anomaly_subscription as ce_anomaly_subscription,
        ce_cost_allocation_tag as ce_cost_allocation_tag,
        chatbot_slack_channel_configuration as chatbot_slack_channel_configuration,
        cloudwatch_dashboard as cloudwatch_dashboard,
        cloudwatch_event_rule as cloudwatch_event_rule,
        cloudwatch_event_target as cloudwatch_event_target,
        cloudwatch_log_group as cloudwatch_log_group,
        cloudwatch_metric_alarm as cloudwatch_metric_alarm,
        data_aws_ami as data_aws_ami,
        data_aws_availability_zones as data_aws_availability_zones,
        data_aws_ec2_instance_type_offerings as data_aws_ec2_instance_type_offerings,
        data_aws_ssm_parameter as data_aws_ssm_parameter,
        data_aws_ssm_parameters_by_path as data_aws_ssm_parameters_by_path,
        data_aws_subnets as data_aws_subnets,
        data_aws_vpc_endpoint_service as data_aws_vpc_endpoint_service,
        default_security_group as default_security_group,
        dynamodb_table as dynamodb_table,
        ecr_lifecycle_policy as ecr_lifecycle_policy,
        ecr_repository as ecr_repository,
        ecr_repository_policy as ecr_repository_policy,
        eip as eip,
        flow_log as flow_log,
        fsx_data_repository_association as fsx_data_repository_association,
        fsx_lustre_file_system as fsx_lustre_file_system,
        glue_catalog_database as glue_catalog_database,
        glue_catalog_table as glue_catalog_table,
        iam_instance_profile as iam_instance_profile,
        iam_openid_connect_provider as iam_openid_connect_provider,
        iam_policy as iam_policy,
        iam_role as iam_role,
        iam_role_policy as iam_role_policy,
        iam_role_policy_attachment as iam_role_policy_attachment,
        internet_gateway as internet_gateway,
        kms_alias as kms_alias,
        kms_key as kms_key,
        lambda_function as lambda_function,
        lambda_function_event_invoke_config as lambda_function_event_invoke_config,
        lambda_permission as lambda_permission,
        launch_template as launch_template,
        nat_gateway as nat_gateway,
        organizations_policy as organizations_policy,
        organizations_policy_attachment as organizations_policy_attachment,
        placement_group as placement_group,
        provider as provider,
        route as route,
        route_table as route_table,
        route_table_association as route_table_association,
        s3_bucket as s3_bucket,
        s3_bucket_inventory as s3_bucket_inventory,
        s3_bucket_lifecycle_configuration as s3_bucket_lifecycle_configuration,
        s3_bucket_logging as s3_bucket_logging,
        s3_bucket_notification as s3_bucket_notification,
        s3_bucket_object_lock_configuration as s3_bucket_object_lock_configuration,
        s3_bucket_ownership_controls as s3_bucket_ownership_controls,
        s3_bucket_policy as s3_bucket_policy,
        s3_bucket_public_access_block as s3_bucket_public_access_block,
        s3_bucket_replication_configuration as s3_bucket_replication_configuration,
        s3_bucket_server_side_encryption_configuration as s3_bucket_server_side_encryption_configuration,
        s3_bucket_versioning as s3_bucket_versioning,
        sagemaker_domain as sagemaker_domain,
        sagemaker_endpoint as sagemaker_endpoint,
        sagemaker_endpoint_configuration as sagemaker_endpoint_configuration,
        sagemaker_feature_group as sagemaker_feature_group,
        sagemaker_mlflow_tracking_server as sagemaker_mlflow_tracking_server,
        sagemaker_model as sagemaker_model,
        sagemaker_model_package_group as sagemaker_model_package_group,
        sagemaker_model_package_group_policy as sagemaker_model_package_group_policy,
        sagemaker_space as sagemaker_space,
        sagemaker_studio_lifecycle_config as sagemaker_studio_lifecycle_config,
        sagemaker_user_profile as sagemaker_user_profile,
        security_group as security_group,
        sns_topic as sns_topic,
        sns_topic_policy as sns_topic_policy,
        sns_topic_subscription as sns_topic_subscription,
        sqs_queue as sqs_queue,
        sqs_queue_policy as sqs_queue_policy,
        ssm_document as ssm_document,
        ssm_parameter as ssm_parameter,
        subnet as subnet,
        vpc as vpc,
        vpc_endpoint as vpc_endpoint,
        vpc_security_group_egress_rule as vpc_security_group_egress_rule,
        vpc_security_group_ingress_rule as vpc_security_group_ingress_rule,
    )
else:

    def __getattr__(name: str) -> ModuleType:
        package = importlib.import_module(FAMILY.provider)
        if isinstance(package, LazyPackage) and name in package.__all__:
            return LazyModule(f"{package.__name__}.{name}")
        return getattr(package, name)
