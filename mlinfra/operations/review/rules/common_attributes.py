"""Attributes that many types share, without a row in other modules: keys, roles, security groups and scripts."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from mlinfra.operations.review import guards
from mlinfra.operations.review.guards import (
    Guard,
    becomes,
    ceases,
    changed,
    emptied,
    extended,
    for_types,
    merged,
    names,
    raised,
    replaced,
    turned_off,
    turned_on,
)
from mlinfra.operations.review.rules.audit_trail import LESS_SENSITIVE, OFF
from mlinfra.operations.review.rules.data import KEY, UNENCRYPTED, UNPROTECTED
from mlinfra.operations.review.rules.identity import ADDED, ROLE
from mlinfra.operations.review.rules.other_accounts import CODE, SCRIPT
from mlinfra.operations.review.rules.public import REACHABLE
from mlinfra.operations.review.rules.weakened import ROUTED, UNCHECKED, WEAKER

if TYPE_CHECKING:
    from collections.abc import Mapping

RULES: Final = ()
"""The rules are those of other modules."""


def _key(path: str) -> Guard:
    return Guard(KEY, path, changed(), "The key of {name} changes")


def _groups(path: str) -> Guard:
    return Guard(ROUTED, path, extended(), "{name} gets another security group")


def _role(path: str) -> Guard:
    return Guard(ROLE, path, replaced(), "{name} gets another role")


_KEYS: Final = merged(
    for_types(
        (
            *("cloudtrail_event_data_store", "codecommit_repository", "db_instance", "docdb_cluster", "ebs_volume"),
            *(
                "docdbelastic_cluster",
                "efs_file_system",
                "elasticache_replication_group",
                "elasticache_serverless_cache",
            ),
            *("fsx_file_cache", "fsx_lustre_file_system", "fsx_ontap_file_system", "fsx_openzfs_file_system"),
            *("fsx_windows_file_system", "kinesis_stream", "kinesis_video_stream", "m2_environment", "rds_cluster"),
            *("rds_integration", "redshift_cluster", "redshift_integration", "redshiftserverless_namespace"),
            *("s3_object", "sagemaker_domain", "sagemaker_notebook_instance", "timestreamwrite_database"),
        ),
        _key("kms_key_id"),
    ),
    for_types(
        (
            "appconfig_configuration_profile",
            "cloudwatch_event_bus",
            "datazone_domain",
            "neptunegraph_graph",
            "pipes_pipe",
        ),
        _key("kms_key_identifier"),
    ),
    for_types(
        (
            *("backup_vault", "bedrock_guardrail", "dms_endpoint", "dms_replication_instance", "memorydb_cluster"),
            *("neptune_cluster", "prometheus_workspace", "scheduler_schedule", "lambda_event_source_mapping"),
            *("guardduty_publishing_destination", "dynamodb_table_replica"),
        ),
        _key("kms_key_arn"),
    ),
    for_types(("codeartifact_domain", "codebuild_project"), _key("encryption_key")),
    for_types(("ssm_parameter",), _key("key_id")),
)
_SECURITY_GROUPS: Final = merged(
    for_types(
        ("alb", "apprunner_vpc_connector", "efs_mount_target", "lb", "mq_broker", "sagemaker_notebook_instance"),
        _groups("security_groups"),
    ),
    for_types(
        (
            *("apigatewayv2_vpc_link", "dax_cluster", "ec2_client_vpn_endpoint", "ec2_instance_connect_endpoint"),
            *(
                "elasticache_cluster",
                "elasticache_replication_group",
                "elasticache_serverless_cache",
                "memorydb_cluster",
            ),
            *("fsx_lustre_file_system", "fsx_ontap_file_system", "fsx_openzfs_file_system", "fsx_windows_file_system"),
            *("glue_dev_endpoint", "redshiftserverless_workgroup", "route53_resolver_endpoint", "vpc_endpoint"),
        ),
        _groups("security_group_ids"),
    ),
    for_types(
        (
            *("db_instance", "db_proxy", "dms_replication_instance", "docdb_cluster", "instance", "launch_template"),
            *("neptune_cluster", "rds_cluster", "redshift_cluster", "timestreaminfluxdb_db_instance"),
        ),
        _groups("vpc_security_group_ids"),
    ),
    {
        "aws_ecs_service": (_groups("network_configuration.0.security_groups"),),
        "aws_lambda_function": (_groups("vpc_config.0.security_group_ids"),),
        "aws_sagemaker_domain": (_groups("default_user_settings.0.security_groups"),),
        "aws_sagemaker_model": (_groups("vpc_config.0.security_group_ids"),),
        "aws_eks_cluster": (_groups("vpc_config.0.security_group_ids"),),
        "aws_batch_compute_environment": (_groups("compute_resources.0.security_group_ids"),),
        "aws_msk_cluster": (_groups("broker_node_group_info.0.security_groups"),),
        "aws_opensearch_domain": (_groups("vpc_options.0.security_group_ids"),),
    },
)
_ROLES: Final = merged(
    for_types(
        (
            *("cloudwatch_log_subscription_filter", "cloudwatch_metric_stream", "cognito_user_group", "db_proxy"),
            *("config_configuration_recorder", "fis_experiment_template", "glue_dev_endpoint", "grafana_workspace"),
            *("kendra_index", "lakeformation_resource", "sagemaker_image", "storagegateway_nfs_file_share"),
        ),
        _role("role_arn"),
    ),
    for_types(
        ("budgets_budget_action", "dlm_lifecycle_policy", "mwaa_environment", "synthetics_canary"),
        _role("execution_role_arn"),
    ),
    for_types(("appstream_fleet", "backup_selection", "flow_log"), _role("iam_role_arn")),
    for_types(
        ("appsync_datasource", "codedeploy_deployment_group", "ssm_maintenance_window_task"), _role("service_role_arn")
    ),
    {"aws_kinesis_firehose_delivery_stream": (_role("extended_s3_configuration.0.role_arn"),)},
)
_OTHERS: Final[Mapping[str, tuple[Guard, ...]]] = {
    "aws_kinesis_firehose_delivery_stream": (
        Guard(UNENCRYPTED, "server_side_encryption.0.enabled", turned_off(), "{name} is not encrypted"),
        Guard(
            OFF,
            "extended_s3_configuration.0.cloudwatch_logging_options.0.enabled",
            turned_off(),
            "Failures of {name} are no longer logged",
        ),
    ),
    "aws_launch_template": (
        Guard(SCRIPT, "user_data", changed(), "The start script of new instances of {name} changes"),
    ),
    "aws_glue_job": (
        Guard(CODE, "default_arguments.--extra-py-files", changed(), "{name} loads code from another place"),
        Guard(CODE, "default_arguments.--extra-jars", changed(), "{name} loads code from another place"),
    ),
    "aws_lambda_function": (
        Guard(WEAKER, "tracing_config.0.mode", ceases("Active"), "Requests to the function {name} are not traced"),
    ),
    "aws_codebuild_webhook": (
        Guard(UNCHECKED, "filter_group", names("PULL_REQUEST_"), "Code of pull requests is built"),
        Guard(UNCHECKED, "filter_group", emptied(), "Each push and pull request is built"),
    ),
    "aws_cognito_user_pool_client": (
        Guard(ADDED, "refresh_token_validity", raised(), "Sessions of {name} last longer"),
        Guard(ADDED, "access_token_validity", raised(), "Tokens of {name} are valid longer"),
    ),
    "aws_scheduler_schedule": (Guard(LESS_SENSITIVE, "state", becomes("DISABLED"), "The schedule {name} is disabled"),),
    "aws_vpc_peering_connection_options": (
        Guard(
            ROUTED,
            "accepter.0.allow_remote_vpc_dns_resolution",
            turned_on(),
            "Names of the network are resolved for its peer",
        ),
    ),
    "aws_acm_certificate": (
        Guard(
            LESS_SENSITIVE,
            "options.0.certificate_transparency_logging_preference",
            becomes("DISABLED"),
            "The certificate of {name} is not logged in public",
        ),
    ),
    "aws_appsync_graphql_api": (
        Guard(OFF, "log_config", emptied(), "Requests to {name} are no longer logged"),
        Guard(
            REACHABLE, "additional_authentication_provider", names("API_KEY"), "The API {name} admits holders of a key"
        ),
    ),
    "aws_db_instance": (
        Guard(WEAKER, "performance_insights_enabled", turned_off(), "Queries of {name} are no longer recorded"),
        Guard(WEAKER, "parameter_group_name", changed(), "The database {name} gets other parameters"),
        Guard(WEAKER, "delete_automated_backups", turned_on(), "Backups are deleted with the database {name}"),
    ),
    "aws_rds_cluster": (
        Guard(WEAKER, "db_cluster_parameter_group_name", changed(), "The database {name} gets other parameters"),
        Guard(WEAKER, "performance_insights_enabled", turned_off(), "Queries of {name} are no longer recorded"),
    ),
    "aws_efs_file_system": (
        Guard(UNPROTECTED, "lifecycle_policy", changed(), "Files of {name} move to other storage classes"),
    ),
}
TABLE: Final = merged(_KEYS, _SECURITY_GROUPS, _ROLES, _OTHERS)
TYPES: Final = frozenset(TABLE)
"""The types that this module checks."""
check: Final = partial(guards.check, table=TABLE)
"""Check attributes that many types share."""
