"""Rows for services that ML platforms rarely use, and resources whose effect is not part of a plan."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from mlinfra.operations.review import guards
from mlinfra.operations.review.finding import Level, Rule
from mlinfra.operations.review.guards import (
    Guard,
    becomes,
    changed,
    emptied,
    extended,
    for_types,
    foreign,
    gone,
    large_network,
    lowered,
    merged,
    new,
    removed,
    turned_off,
    turned_on,
)
from mlinfra.operations.review.rules.audit_trail import LESS_SENSITIVE, NARROWED, OFF
from mlinfra.operations.review.rules.data import BACKUP, UNENCRYPTED
from mlinfra.operations.review.rules.exfiltration import CONNECTED, OUTSIDE, TARGET, WAY
from mlinfra.operations.review.rules.identity import ADDED, ASSIGNED, CREDENTIALS, PROVIDER
from mlinfra.operations.review.rules.public import PUBLIC, REACHABLE

if TYPE_CHECKING:
    from collections.abc import Mapping


OPAQUE: Final = Rule(
    "MLR651",
    Level.WARNING,
    "A template, script or statement is run. Its effect is not part of the plan.",
    "Read the template, script or statement itself.",
)
RULES: Final = (OPAQUE,)

_OPAQUE: Final = merged(
    for_types(
        (
            *("cloudcontrolapi_resource", "cloudformation_stack", "cloudformation_stack_set", "redshiftdata_statement"),
            *("serverlessapplicationrepository_cloudformation_stack", "servicecatalog_provisioned_product"),
            *("ssm_association", "ssm_maintenance_window_task", "lambda_invocation", "fis_experiment_template"),
            *(
                "datapipeline_pipeline_definition",
                "config_remediation_configuration",
                "ssmquicksetup_configuration_manager",
            ),
        ),
        Guard(OPAQUE, "", new(), "The effect of {name} is not part of the plan"),
    ),
    {
        "aws_cloudcontrolapi_resource": (Guard(OPAQUE, "desired_state", changed(), "The resource {name} changes"),),
        "aws_cloudformation_stack": (
            Guard(OPAQUE, "template_body", changed(), "The template of {name} changes"),
            Guard(OPAQUE, "template_url", changed(), "The template of {name} changes"),
        ),
        "aws_ssm_association": (Guard(OPAQUE, "name", changed(), "Another document runs on the nodes of {name}"),),
        "aws_ssm_document": (Guard(OPAQUE, "content", changed(), "The commands of the document {name} change"),),
        "aws_imagebuilder_component": (
            Guard(OPAQUE, "data", changed(), "The commands of the component {name} change"),
        ),
    },
)
_WAYS_OUT: Final = merged(
    for_types(
        (
            *("appflow_connector_profile", "appfabric_ingestion_destination", "bcmdataexports_export", "osis_pipeline"),
            *("bedrockagent_data_source", "cleanrooms_membership", "cloudwatch_metric_stream", "codecommit_trigger"),
            *("cloudwatch_log_destination", "dataexchange_revision_assets", "datapipeline_pipeline", "dms_s3_endpoint"),
            *("dms_replication_config", "glue_connection", "mskconnect_connector", "pinpoint_event_stream"),
            *("rds_integration", "redshift_integration", "ses_receipt_rule", "shield_drt_access_role_arn_association"),
            *("shield_drt_access_log_bucket_association", "ssm_resource_data_sync", "storagegateway_gateway"),
            *(
                "transfer_agreement",
                "route53_zone_association",
                "ec2_transit_gateway_route",
                "spot_datafeed_subscription",
            ),
            *("ec2_transit_gateway_route_table_propagation", "ecr_pull_through_cache_rule", "qldb_stream"),
            *("storagegateway_file_system_association", "vpn_connection_route", "vpc_route_server_peer"),
            *("vpclattice_resource_configuration", "dx_connection_association", "cloudwatch_event_connection"),
            *("s3control_access_grants_location", "evidently_project", "rum_metrics_destination"),
        ),
        Guard(WAY, "", new(), "Data can leave by {name}"),
    ),
    for_types(
        (
            *("detective_invitation_accepter", "guardduty_invite_accepter", "macie2_invitation_accepter"),
            *("securityhub_invite_accepter", "securitylake_subscriber", "directory_service_shared_directory_accepter"),
            *("licensemanager_grant_accepter", "dataexchange_event_action"),
        ),
        Guard(OUTSIDE, "", new(), "Another account gets or shares data by {name}"),
    ),
    for_types(
        (
            *("dx_hosted_private_virtual_interface_accepter", "dx_hosted_public_virtual_interface_accepter"),
            *(
                "dx_hosted_transit_virtual_interface_accepter",
                "dx_connection_confirmation",
                "networkmanager_attachment_accepter",
            ),
            *("redshift_data_share_consumer_association", "vpc_ipam_resource_discovery_association"),
        ),
        Guard(CONNECTED, "", new(), "A connection of another account is accepted"),
    ),
    for_types(
        ("cloudformation_stack_set_instance",),
        Guard(OUTSIDE, "account_id", foreign(), "A stack is created in another account"),
    ),
    for_types(
        ("cloudformation_stack_instances",),
        Guard(OUTSIDE, "accounts", foreign(), "A stack is created in other accounts"),
    ),
    {
        "aws_cur_report_definition": (Guard(TARGET, "s3_bucket", changed(), "The cost report goes to another bucket"),),
        "aws_vpc_dhcp_options": (
            Guard(TARGET, "domain_name_servers", changed(), "Name servers of networks change: they see all queries"),
        ),
        "aws_vpc_dhcp_options_association": (
            Guard(TARGET, "dhcp_options_id", changed(), "Name servers of a network change: they see all queries"),
        ),
        "aws_route53domains_registered_domain": (
            Guard(TARGET, "name_server", changed(), "The name servers of the domain {name} change"),
            Guard(CREDENTIALS, "transfer_lock", turned_off(), "The domain {name} can be transferred"),
        ),
        "aws_route_table_association": (Guard(WAY, "route_table_id", changed(), "A subnet gets another route table"),),
        "aws_main_route_table_association": (Guard(WAY, "", new(), "A VPC gets another main route table"),),
        "aws_glue_crawler": (
            Guard(
                OUTSIDE,
                "lake_formation_configuration.0.account_id",
                foreign(),
                "The crawler {name} uses another account",
            ),
        ),
    },
)
_PUBLIC: Final = merged(
    for_types(
        (
            *("amplify_app", "apigatewayv2_api", "elastic_beanstalk_environment", "lightsail_instance", "lightsail_lb"),
            *("lightsail_container_service", "lightsail_distribution", "lightsail_static_ip", "codepipeline_webhook"),
            *(
                "dx_public_virtual_interface",
                "egress_only_internet_gateway",
                "globalaccelerator_custom_routing_accelerator",
            ),
            *("codebuild_webhook", "medialive_input", "service_discovery_public_dns_namespace", "worklink_fleet"),
            *(
                "ec2_carrier_gateway",
                "workspacesweb_network_settings",
                "ec2_instance_connect_endpoint",
            ),
        ),
        Guard(REACHABLE, "", new(), "{name} is a way from or to the internet"),
    ),
    {
        "aws_appstream_fleet": (
            Guard(PUBLIC, "enable_default_internet_access", turned_on(), "Sessions of {name} have internet access"),
        ),
        "aws_workspaces_ip_group": (
            Guard(PUBLIC, "rules.*.source", large_network(), "Desktops of {name} are reachable from everywhere"),
        ),
        "aws_lb_listener_rule": (
            Guard(
                REACHABLE,
                "action.*.authenticate_oidc.*.on_unauthenticated_request",
                becomes("allow"),
                "{name} allows unauthenticated requests",
            ),
        ),
    },
)
_IDENTITIES: Final = merged(
    for_types(
        ("directory_service_trust", "iot_ca_certificate", "iot_authorizer", "lb_trust_store"),
        Guard(PROVIDER, "", new(), "Identities of {name} are accepted"),
    ),
    for_types(
        (
            *("appsync_api_key", "codebuild_source_credential", "codestarconnections_connection", "ssm_activation"),
            *("codeconnections_connection", "grafana_workspace_api_key", "grafana_workspace_service_account_token"),
            *("glue_dev_endpoint", "iot_role_alias", "memorydb_user", "elasticache_user", "cognito_user_group"),
            *("cloudfront_public_key", "ivs_playback_key_pair", "verifiedpermissions_policy", "wafv2_api_key"),
            *("cognito_user_pool_client", "ssoadmin_application", "ssoadmin_application_access_scope"),
        ),
        Guard(ADDED, "", new(), "{name} gives access"),
    ),
    {
        "aws_elasticache_user": (
            Guard(CREDENTIALS, "no_password_required", turned_on(), "The user {name} needs no password"),
        ),
        "aws_secretsmanager_secret_rotation": (Guard(CREDENTIALS, "", gone(), "A secret is no longer rotated"),),
        "aws_cognito_user_in_group": (Guard(ASSIGNED, "", new(), "A user joins the group of {name}"),),
        "aws_verifiedpermissions_policy": (Guard(ASSIGNED, "definition", changed(), "The policy {name} changes"),),
        "aws_lambda_code_signing_config": (
            Guard(CREDENTIALS, "", gone(), "Code of functions is no longer verified"),
            Guard(
                CREDENTIALS,
                "policies.0.untrusted_artifact_on_deployment",
                becomes("Warn"),
                "Code of functions is no longer verified",
            ),
        ),
        "aws_lakeformation_data_cells_filter": (
            Guard(ASSIGNED, "table_data", changed(), "Filters of rows and columns of {name} change"),
        ),
        "aws_workspacesweb_data_protection_settings": (Guard(CREDENTIALS, "", gone(), "Redaction of {name} ends"),),
    },
)
_RECORDS: Final = merged(
    for_types(
        (
            *("controltower_control", "controltower_landing_zone", "ecr_registry_scanning_configuration"),
            *("guardduty_malware_protection_plan", "networkfirewall_firewall", "rds_cluster_activity_stream"),
            *("route53_hosted_zone_dnssec", "route53_resolver_dnssec_config", "securitylake_data_lake"),
            *("route53_resolver_firewall_rule_group_association", "securitylake_aws_log_source"),
            *(
                "wafregional_web_acl_association",
                "shield_application_layer_automatic_response",
                "iam_organizations_features",
            ),
            *(
                "config_organization_managed_rule",
                "config_organization_custom_rule",
                "config_organization_conformance_pack",
            ),
            *("config_organization_custom_policy_rule", "iot_logging_options", "cloudfront_realtime_log_config"),
            *("detective_member", "macie2_member", "securityhub_member", "workspacesweb_user_access_logging_settings"),
            *("macie2_classification_export_configuration", "backup_framework", "chime_voice_connector_logging"),
            "guardduty_publishing_destination",
        ),
        Guard(OFF, "", gone(), "{name} no longer records or protects"),
    ),
    {
        "aws_guardduty_organization_configuration": (
            Guard(
                NARROWED,
                "auto_enable_organization_members",
                becomes("NONE"),
                "New accounts are without GuardDuty",
            ),
        ),
        "aws_macie2_classification_job": (
            Guard(NARROWED, "job_status", becomes("CANCELLED", "USER_PAUSED"), "The search {name} for data ends"),
        ),
        "aws_mq_broker": (
            Guard(OFF, "logs.0.audit", turned_off(), "Actions on the broker {name} are no longer logged"),
            Guard(OFF, "logs.0.general", turned_off(), "The broker {name} no longer logs"),
        ),
        "aws_ec2_client_vpn_endpoint": (
            Guard(OFF, "connection_log_options.0.enabled", turned_off(), "Connections to {name} are no longer logged"),
        ),
        "aws_config_remediation_configuration": (
            Guard(LESS_SENSITIVE, "automatic", turned_off(), "Violations are no longer corrected automatically"),
        ),
        "aws_guardduty_member_detector_feature": (
            Guard(NARROWED, "status", becomes("DISABLED"), "A feature of GuardDuty is switched off"),
        ),
        "aws_inspector2_filter": (
            Guard(NARROWED, "action", becomes("SUPPRESS"), "Findings of Inspector are suppressed"),
        ),
        "aws_macie2_findings_filter": (
            Guard(NARROWED, "action", becomes("ARCHIVE"), "Findings of Macie are suppressed"),
        ),
        "aws_securityhub_standards_control": (
            Guard(NARROWED, "control_status", becomes("DISABLED"), "A control of Security Hub is disabled"),
        ),
        "aws_securityhub_automation_rule": (Guard(LESS_SENSITIVE, "", new(), "Findings are changed automatically"),),
        "aws_config_retention_configuration": (
            Guard(NARROWED, "retention_period_in_days", lowered(), "Recorded configurations are kept shorter"),
        ),
        "aws_cloudwatch_event_archive": (Guard(NARROWED, "retention_days", lowered(), "Events are kept shorter"),),
        "aws_route53_resolver_firewall_rule": (Guard(NARROWED, "action", becomes("ALLOW"), "Queries are allowed"),),
        "aws_route53_resolver_firewall_config": (
            Guard(NARROWED, "firewall_fail_open", becomes("ENABLED"), "Queries are allowed if the firewall fails"),
        ),
        "aws_networkfirewall_rule_group": (Guard(LESS_SENSITIVE, "rule_group", changed(), "Rules of {name} change"),),
        "aws_networkfirewall_firewall_policy": (
            Guard(LESS_SENSITIVE, "firewall_policy", changed(), "The firewall policy {name} changes"),
        ),
        "aws_wafv2_rule_group": (Guard(NARROWED, "rule", removed(), "Rules of {name} are removed or changed"),),
        "aws_ecs_cluster": (
            Guard(LESS_SENSITIVE, "setting", changed(), "Settings of {name}, such as insights, change"),
            Guard(NARROWED, "configuration", emptied(), "Commands in containers of {name} are no longer logged"),
        ),
        "aws_prometheus_alert_manager_definition": (
            Guard(LESS_SENSITIVE, "definition", changed(), "The routes of alerts of {name} change"),
        ),
        "aws_network_acl": (Guard(LESS_SENSITIVE, "ingress", extended(), "The network ACL {name} has more rules"),),
        "aws_default_network_acl": (Guard(LESS_SENSITIVE, "ingress", extended(), "The default network ACL changes"),),
    },
    for_types(
        ("waf_web_acl", "wafregional_web_acl"),
        Guard(NARROWED, "default_action.0.type", becomes("ALLOW"), "{name} allows by default"),
    ),
    for_types(("waf_web_acl",), Guard(NARROWED, "rules", removed(), "Rules of {name} are removed or changed")),
    for_types(("wafregional_web_acl",), Guard(NARROWED, "rule", removed(), "Rules of {name} are removed or changed")),
)
_DATA: Final = merged(
    for_types(
        ("emr_security_configuration", "glue_security_configuration"), Guard(UNENCRYPTED, "", gone(), "{name} ends")
    ),
    for_types(
        ("docdb_cluster_snapshot", "neptune_cluster_snapshot", "redshift_cluster_snapshot", "memorydb_snapshot"),
        Guard(BACKUP, "", gone(), "The snapshot {name} is deleted"),
    ),
    for_types(
        (
            "redshiftserverless_snapshot",
            "ami",
            "ami_copy",
            "ami_from_instance",
            "ebs_snapshot_copy",
            "ebs_snapshot_import",
        ),
        Guard(BACKUP, "", gone(), "The image or snapshot {name} is deleted"),
    ),
    {
        "aws_db_proxy": (Guard(UNENCRYPTED, "require_tls", turned_off(), "Connections to {name} are not encrypted"),),
        "aws_xray_encryption_config": (Guard(UNENCRYPTED, "type", becomes("NONE"), "Traces are not encrypted"),),
    },
)
TABLE: Final[Mapping[str, tuple[Guard, ...]]] = merged(_OPAQUE, _WAYS_OUT, _PUBLIC, _IDENTITIES, _RECORDS, _DATA)
TYPES: Final = frozenset(TABLE)
"""The types that this module checks."""
check: Final = partial(guards.check, table=TABLE)
"""Check less common services."""
