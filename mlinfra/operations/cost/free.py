"""Types of resources without a formula: those without charges of their own, with the reason, and those with charges."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_BY_PATTERN: Final[Mapping[str, str]] = {
    r"aws_iam_\w+": "IAM is free",
    r"aws_ssoadmin_\w+|aws_identitystore_\w+": "IAM Identity Center is free",
    r"aws_organizations_\w+": "AWS Organizations is free",
    r"aws_budgets_budget": "budgets without actions are free",
    r"aws_budgets_budget_action": "the first two budgets with actions of an account are free",
    r"aws_ce_\w+": "cost categories, allocation tags and anomaly detection are free",
    r"aws_bcmdataexports_export|aws_cur_report_definition": "data exports are free; the bucket is billed",
    r"aws_(default_)?(vpc|subnet|route|route_table|security_group|network_acl|vpc_dhcp_options)": "networks are free; "
    "their gateways, endpoints and traffic are billed",
    r"aws_(route_table_association|security_group_rule|vpc_dhcp_options_association)": "networks are free",
    r"aws_vpc_(security_group_\w+_rule|endpoint_(policy|subnet_association|route_table_association|"
    r"security_group_association)|ipv4_cidr_block_association|dhcp_options\w*)": "networks are free",
    r"aws_network_(interface|acl)\w*": "networks are free",
    r"aws_(egress_only_)?internet_gateway\w*": "internet gateways are free; traffic is billed",
    r"aws_main_route_table_association|aws_eip_association|aws_nat_gateway_eip_association": "networks are free",
    r"aws_key_pair|aws_placement_group|aws_launch_(template|configuration)|aws_ami(_\w+)?": "billed with its "
    "instances or snapshots",
    r"aws_autoscaling_(schedule|policy|lifecycle_hook|notification|attachment|traffic_source_attachment|group_tag)": ""
    "EC2 Auto Scaling is free; its instances are billed",
    r"aws_appautoscaling_\w+": "Application Auto Scaling is free",
    r"aws_volume_attachment|aws_ebs_(default_kms_key|encryption_by_default|snapshot_block_public_access)": "a setting",
    r"aws_s3_bucket_(?!metric$|analytics)\w+|aws_s3_(account_public_access_block|object|bucket_object|access_point)": ""
    "billed with its bucket",
    r"aws_kms_(alias|grant|key_policy)": "billed with its key",
    r"aws_lambda_(permission|function_event_invoke_config|alias|layer_version|layer_version_permission|"
    r"event_source_mapping|function_url)": "billed with its function",
    r"aws_cloudwatch_event_(rule|target|permission|bus_policy|archive)|aws_scheduler_\w+": "rules and events of AWS "
    "services are free; schedules are free up to 14 million a month",
    r"aws_cloudwatch_(log_metric_filter|log_resource_policy|log_stream|log_data_protection_policy|"
    r"log_subscription_filter|log_account_policy|query_definition)": "billed with its log group",
    r"aws_sns_\w+|aws_sqs_\w+": "billed by request; the first million a month is free",
    r"aws_ecr_(?!repository$)\w+": "billed with its repository",
    r"aws_dynamodb_(table_item|resource_policy|tag|contributor_insights)|aws_dynamodb_kinesis_streaming_destination": ""
    "billed with its table",
    r"aws_sagemaker_(user_profile|endpoint_configuration|model|model_package_group|model_package_group_policy|"
    r"studio_lifecycle_config|notebook_instance_lifecycle_configuration|image|image_version|app_image_config|"
    r"code_repository|servicecatalog_portfolio_status|pipeline|project|device_fleet|workforce|workteam)": "billed with "
    "the instances that use it",
    r"aws_batch_(job_definition|job_queue|scheduling_policy)": "AWS Batch is free; its instances are billed",
    r"aws_fsx_(data_repository_association|backup_policy)": "billed with its file system",
    r"aws_efs_(mount_target|access_point|file_system_policy|backup_policy|replication_configuration)": "billed with "
    "its file system",
    r"aws_glue_(catalog_database|catalog_table|data_catalog_encryption_settings|security_configuration)": "the first "
    "million objects of the catalog are free",
    r"aws_athena_(workgroup|database|named_query|data_catalog)": "billed by query",
    r"aws_lb_(listener|listener_rule|target_group|target_group_attachment|listener_certificate)|aws_alb_\w+": "billed "
    "with its load balancer",
    r"aws_acm_certificate(_validation)?": "public certificates are free",
    r"aws_eks_(access_entry|access_policy_association|addon|pod_identity_association)": "billed with its cluster",
    r"aws_ecs_(task_definition|cluster_capacity_providers|capacity_provider|cluster)": "ECS is free; its instances or "
    "tasks are billed",
    r"aws_ssm_(document|association|maintenance_window\w*|patch_\w+|service_setting|resource_data_sync)": "free",
    r"aws_secretsmanager_secret_\w+": "billed with its secret",
    r"aws_service_discovery_\w+|aws_servicequotas_\w+|aws_resourcegroups_\w+|aws_ram_\w+": "free",
    r"aws_chatbot_\w+": "free",
    r"aws_account_\w+|aws_region|aws_default_tags": "a setting",
    r"aws_servicecatalogappregistry_\w+": "free",
    r"aws_accessanalyzer_archive_rule": "billed with its analyzer",
    r"aws_ec2_(tag|serial_console_access|instance_metadata_defaults|instance_state|image_block_public_access|"
    r"managed_prefix_list\w*|transit_gateway|transit_gateway_route\w*)": "free, or billed with its attachments",
}
"""Reasons by regular expressions of types. Sources: AWS's pricing pages of these services, read 2026-11-29."""


@cache
def reason_of(type_: str) -> str | None:
    """The reason why a type of resource has no charges of its own. None: it is not known to be free."""
    if not type_.startswith("aws_"):
        return "not a resource of AWS"
    return next((reason for pattern, reason in _COMPILED if pattern.fullmatch(type_)), None)


_COMPILED: Final = tuple((re.compile(pattern), reason) for pattern, reason in _BY_PATTERN.items())

_BILLED: Final[Mapping[str, str]] = {
    "aws_db_instance": "RDS",
    "aws_docdb_cluster_instance": "DocumentDB",
    "aws_ec2_capacity_block_reservation": "a Capacity Block, whose price is fixed when it is purchased",
    "aws_ec2_fleet": "a fleet of instances",
    "aws_elasticache_cluster": "ElastiCache",
    "aws_elasticache_replication_group": "ElastiCache",
    "aws_emr_cluster": "EMR",
    "aws_fsx_ontap_file_system": "FSx for ONTAP",
    "aws_fsx_openzfs_file_system": "FSx for OpenZFS",
    "aws_fsx_windows_file_system": "FSx for Windows",
    "aws_glue_job": "Glue",
    "aws_kinesis_stream": "Kinesis",
    "aws_memorydb_cluster": "MemoryDB",
    "aws_msk_cluster": "MSK",
    "aws_neptune_cluster_instance": "Neptune",
    "aws_opensearch_domain": "OpenSearch",
    "aws_rds_cluster_instance": "RDS",
    "aws_redshift_cluster": "Redshift",
    "aws_spot_fleet_request": "a spot fleet",
}
"""Names of services that are billed and have no formula, by type."""


def without_formula(type_: str) -> str:
    """The reason why resources of a type have no estimate."""
    name = _BILLED.get(type_)
    return f"mlinfra has no formula for {name}" if name else "mlinfra has no formula for this type"
