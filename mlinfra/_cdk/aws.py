"""The AWS provider's modules, each loaded when first used: `from mlinfra._cdk.aws import s3_bucket`.

A module that mlinfra starts to use is added to the list below: mypy reports it as missing until then, and a test
reports one no longer used. Naming each keeps mypy from reading all 2,212, which takes it 40 seconds.
"""
# ruff: noqa: PLC0414  `x as x` is how a typed module says that it re-exports x

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdktf_cdktf_provider_aws import (
        athena_workgroup as athena_workgroup,
        autoscaling_group as autoscaling_group,
        autoscaling_schedule as autoscaling_schedule,
        batch_compute_environment as batch_compute_environment,
        batch_job_definition as batch_job_definition,
        batch_job_queue as batch_job_queue,
        batch_scheduling_policy as batch_scheduling_policy,
        cloudwatch_event_rule as cloudwatch_event_rule,
        cloudwatch_event_target as cloudwatch_event_target,
        cloudwatch_log_group as cloudwatch_log_group,
        cloudwatch_metric_alarm as cloudwatch_metric_alarm,
        data_aws_ami as data_aws_ami,
        data_aws_availability_zones as data_aws_availability_zones,
        data_aws_ssm_parameter as data_aws_ssm_parameter,
        data_aws_subnets as data_aws_subnets,
        default_security_group as default_security_group,
        dynamodb_table as dynamodb_table,
        eip as eip,
        flow_log as flow_log,
        fsx_data_repository_association as fsx_data_repository_association,
        fsx_lustre_file_system as fsx_lustre_file_system,
        glue_catalog_database as glue_catalog_database,
        iam_instance_profile as iam_instance_profile,
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
        security_group as security_group,
        sns_topic as sns_topic,
        sns_topic_policy as sns_topic_policy,
        sns_topic_subscription as sns_topic_subscription,
        sqs_queue as sqs_queue,
        sqs_queue_policy as sqs_queue_policy,
        ssm_parameter as ssm_parameter,
        subnet as subnet,
        vpc as vpc,
        vpc_endpoint as vpc_endpoint,
        vpc_security_group_egress_rule as vpc_security_group_egress_rule,
        vpc_security_group_ingress_rule as vpc_security_group_ingress_rule,
    )
else:

    def __getattr__(name: str) -> ModuleType:
        return getattr(importlib.import_module("cdktf_cdktf_provider_aws"), name)
