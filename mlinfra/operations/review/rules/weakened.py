"""Protections that are weakened: of connections, of data services, of traffic, and checks of code before it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlinfra.operations.review import guards
from mlinfra.operations.review.change import UNKNOWN, Change, Kind, number
from mlinfra.operations.review.comparisons import born_below, drops, older_tls, switched_off
from mlinfra.operations.review.escaping import quoted
from mlinfra.operations.review.finding import Finding, Level, Rule
from mlinfra.operations.review.guards import (
    FALSE,
    TRUE,
    Guard,
    added,
    becomes,
    born,
    ceases,
    changed,
    emptied,
    extended,
    for_types,
    gone,
    is_off,
    lowered,
    merged,
    names,
    new,
    raised,
    removed,
    turned_off,
    turned_on,
)
from mlinfra.operations.review.networks import is_large

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlinfra.operations.review.plan import Plan

CONNECTIONS: Final = Rule(
    "MLR131",
    Level.HOLD,
    "Connections to a service are less protected: older TLS, no TLS, or no authentication.",
    "Keep TLS 1.2 or newer, and the authentication of clients.",
)
WEAKER: Final = Rule(
    "MLR132",
    Level.WARNING,
    "A protection of data or of its availability is weakened, or is not set on a new resource.",
    "Check that it is intended.",
)
SERVICE: Final = Rule(
    "MLR133",
    Level.HOLD,
    "A protection of a service with data is switched off.",
    "Keep it, or remove it in a separate change that says why.",
)
TRAFFIC: Final = Rule(
    "MLR315",
    Level.HOLD,
    "A control of traffic is removed: a firewall, a denying rule, or the authentication of requests.",
    "Keep it, or check that another control covers the same traffic.",
)
ROUTED: Final = Rule(
    "MLR316",
    Level.WARNING,
    "Traffic goes to another target, or more traffic is allowed.",
    "Check that the new target is known, and that the traffic is needed.",
)
UNCHECKED: Final = Rule(
    "MLR228",
    Level.HOLD,
    "Code, images or requests are no longer checked before they are used.",
    "Keep the check: it is the last one before code runs with permissions of the account.",
)
CLIENTS: Final = Rule(
    "MLR229",
    Level.HOLD,
    "Clients or users get a weaker way to authenticate, or act as another user.",
    "Keep the stronger way. Add a client of its own for others.",
)
RULES: Final = (CONNECTIONS, WEAKER, SERVICE, TRAFFIC, ROUTED, UNCHECKED, CLIENTS)

_OLDER: Final = "{name} admits older versions of TLS"
_CONNECTIONS: Final[Mapping[str, tuple[Guard, ...]]] = merged(
    {
        "aws_cloudfront_distribution": (
            Guard(CONNECTIONS, "viewer_certificate.0.minimum_protocol_version", older_tls(), _OLDER),
            Guard(
                CONNECTIONS,
                "origin.*.custom_origin_config.*.origin_protocol_policy",
                becomes("http-only", "match-viewer"),
                "Requests to origins of {name} are not encrypted",
            ),
        ),
        "aws_transfer_server": (
            Guard(CONNECTIONS, "security_policy_name", older_tls(), _OLDER),
            Guard(CONNECTIONS, "protocols", names('"FTP"'), "The file server {name} accepts unencrypted connections"),
        ),
        "aws_elasticache_replication_group": (
            Guard(
                CONNECTIONS, "transit_encryption_mode", becomes("preferred"), "{name} accepts unencrypted connections"
            ),
            Guard(CONNECTIONS, "auth_token", emptied(), "Clients of {name} need no password"),
            Guard(CONNECTIONS, "user_group_ids", emptied(), "Users of {name} are no longer authenticated"),
            Guard(WEAKER, "automatic_failover_enabled", turned_off(), "{name} has no automatic failover"),
            Guard(WEAKER, "multi_az_enabled", turned_off(), "{name} is in one availability zone"),
        ),
        "aws_memorydb_cluster": (
            Guard(CONNECTIONS, "acl_name", becomes("open-access"), "Clients of {name} are not authenticated"),
        ),
        "aws_dms_endpoint": (
            Guard(CONNECTIONS, "ssl_mode", ceases("require", "verify-ca", "verify-full"), "{name} is without TLS"),
        ),
        "aws_glue_connection": (
            Guard(CONNECTIONS, "connection_properties.JDBC_ENFORCE_SSL", becomes("false"), "{name} is without TLS"),
        ),
        "aws_msk_cluster": (
            Guard(
                CONNECTIONS, "client_authentication.0.sasl.0.iam", turned_off(), "{name} does not authenticate by IAM"
            ),
            Guard(
                CONNECTIONS,
                "encryption_info.0.encryption_in_transit.0.in_cluster",
                is_off(),
                "Brokers of {name} exchange unencrypted data",
            ),
        ),
        "aws_docdb_cluster": (Guard(WEAKER, "apply_immediately", turned_on(), "Changes of {name} apply at once"),),
        "aws_redshift_cluster": (
            Guard(
                CONNECTIONS,
                "enhanced_vpc_routing",
                turned_off(),
                "Copies and unloads of {name} leave the VPC's control",
            ),
        ),
        "aws_ses_receipt_rule": (
            Guard(CONNECTIONS, "tls_policy", ceases("Require"), "{name} accepts mail without TLS"),
        ),
        "aws_ses_configuration_set": (
            Guard(CONNECTIONS, "delivery_options.0.tls_policy", ceases("Require"), "{name} sends mail without TLS"),
        ),
        "aws_sesv2_configuration_set": (
            Guard(CONNECTIONS, "delivery_options.0.tls_policy", ceases("REQUIRE"), "{name} sends mail without TLS"),
        ),
    },
    for_types(
        ("lb_listener", "alb_listener"),
        Guard(CONNECTIONS, "ssl_policy", older_tls(), "A listener admits older versions of TLS"),
        Guard(CONNECTIONS, "protocol", ceases("HTTPS", "TLS"), "A listener no longer encrypts connections"),
        Guard(TRAFFIC, "default_action", drops('"type": "authenticate-'), "Requests are no longer authenticated"),
        Guard(TRAFFIC, "mutual_authentication.0.mode", ceases("verify"), "Certificates of clients are not verified"),
    ),
    for_types(
        ("lb_listener_rule", "alb_listener_rule"),
        Guard(TRAFFIC, "action", drops('"type": "authenticate-'), "Requests are no longer authenticated"),
    ),
    for_types(
        ("opensearch_domain", "elasticsearch_domain"),
        Guard(CONNECTIONS, "domain_endpoint_options.0.tls_security_policy", older_tls(), _OLDER),
        Guard(
            CONNECTIONS,
            "advanced_security_options.0.enabled",
            turned_off(),
            "Access control by document and user of {name} ends",
        ),
        Guard(WEAKER, "cluster_config.0.zone_awareness_enabled", turned_off(), "{name} is in one availability zone"),
    ),
    for_types(
        ("api_gateway_domain_name",),
        Guard(CONNECTIONS, "security_policy", older_tls(), _OLDER),
        Guard(TRAFFIC, "mutual_tls_authentication", emptied(), "Certificates of clients of {name} are not verified"),
    ),
    for_types(
        ("apigatewayv2_domain_name",),
        Guard(CONNECTIONS, "domain_name_configuration.0.security_policy", older_tls(), _OLDER),
        Guard(TRAFFIC, "mutual_tls_authentication", emptied(), "Certificates of clients of {name} are not verified"),
    ),
    for_types(
        ("db_instance", "rds_cluster", "neptune_cluster"),
        Guard(CONNECTIONS, "iam_database_authentication_enabled", turned_off(), "{name} does not authenticate by IAM"),
    ),
)
_SERVICES: Final[Mapping[str, tuple[Guard, ...]]] = merged(
    {
        "aws_db_instance": (
            Guard(WEAKER, "multi_az", turned_off(), "The database {name} is in one availability zone"),
            Guard(WEAKER, "monitoring_interval", becomes(0), "Enhanced monitoring of {name} ends"),
            Guard(WEAKER, "auto_minor_version_upgrade", turned_off(), "{name} gets no security updates automatically"),
            Guard(WEAKER, "copy_tags_to_snapshot", turned_off(), "Snapshots of {name} are without tags"),
        ),
        "aws_rds_cluster": (Guard(SERVICE, "backtrack_window", lowered(), "{name} can be rewound less far"),),
        "aws_rds_global_cluster": (
            Guard(SERVICE, "deletion_protection", turned_off(), "{name} is without deletion protection"),
            Guard(SERVICE, "", gone(), "The global cluster {name} is deleted: regions have separate databases"),
        ),
        "aws_keyspaces_table": (
            Guard(
                SERVICE,
                "point_in_time_recovery.0.status",
                ceases("ENABLED"),
                "{name} is without point-in-time recovery",
            ),
            Guard(
                SERVICE, "encryption_specification.0.type", ceases("CUSTOMER_MANAGED_KMS_KEY"), "{name} loses its key"
            ),
            Guard(SERVICE, "default_time_to_live", added(), "Items of {name} are deleted automatically"),
        ),
        "aws_qldb_ledger": (
            Guard(SERVICE, "deletion_protection", turned_off(), "{name} is without deletion protection"),
            Guard(CLIENTS, "permissions_mode", ceases("STANDARD"), "All users of {name} may run all statements"),
        ),
        "aws_backup_region_settings": (
            Guard(SERVICE, "resource_type_opt_in_preference", switched_off(), "Some types are no longer backed up"),
        ),
        "aws_glue_data_catalog_encryption_settings": (
            Guard(
                SERVICE,
                "data_catalog_encryption_settings.0.encryption_at_rest.0.catalog_encryption_mode",
                becomes("DISABLED"),
                "The data catalog is not encrypted",
            ),
            Guard(
                SERVICE,
                "data_catalog_encryption_settings.0.connection_password_encryption.0"
                ".return_connection_password_encrypted",
                turned_off(),
                "Passwords of connections are returned in plain text",
            ),
        ),
        "aws_athena_workgroup": (
            Guard(
                SERVICE,
                "configuration.0.enforce_workgroup_configuration",
                turned_off(),
                "Users of {name} choose encryption and target of results themselves",
            ),
            Guard(
                WEAKER,
                "configuration.0.enforce_workgroup_configuration",
                born(*FALSE),
                "Users of {name} choose encryption and target of results themselves",
            ),
            Guard(
                WEAKER, "configuration.0.bytes_scanned_cutoff_per_query", raised(), "Queries of {name} may cost more"
            ),
        ),
        "aws_glue_job": (Guard(SERVICE, "security_configuration", changed(), "The encryption of {name} changes"),),
        "aws_glue_crawler": (Guard(SERVICE, "security_configuration", changed(), "The encryption of {name} changes"),),
        "aws_emr_cluster": (
            Guard(SERVICE, "security_configuration", changed(), "The encryption of {name} changes"),
            Guard(SERVICE, "termination_protection", turned_off(), "{name} is without termination protection"),
        ),
        "aws_dax_cluster": (
            # Without the block, the provider requests no encryption (AWS provider 5.100, aws_dax_cluster).
            Guard(SERVICE, "server_side_encryption", born(None, []), "{name} is created without encryption"),
        ),
        "aws_efs_access_point": (
            Guard(CLIENTS, "posix_user.0.uid", becomes(0), "Clients of the access point {name} act as root"),
            Guard(WEAKER, "root_directory.0.path", becomes("/"), "The access point {name} gives the whole file system"),
        ),
        "aws_secretsmanager_secret": (
            Guard(WEAKER, "recovery_window_in_days", born(0), "{name} is deleted at once, without a waiting period"),
        ),
        "aws_s3_bucket_ownership_controls": (
            Guard(
                WEAKER,
                "rule.0.object_ownership",
                becomes("ObjectWriter"),
                "Objects of {name} belong to the accounts that write them, and access control lists apply",
            ),
        ),
        "aws_s3_bucket_versioning": (
            Guard(SERVICE, "versioning_configuration.0.mfa_delete", ceases("Enabled"), "Deletion needs no MFA"),
        ),
        "aws_s3_bucket_object_lock_configuration": (
            Guard(SERVICE, "", gone(), "The object lock of {name} is removed"),
        ),
        "aws_glacier_vault_lock": (Guard(SERVICE, "", gone(), "The lock of the vault {name} is removed"),),
        "aws_api_gateway_method_settings": (
            Guard(WEAKER, "settings.0.cache_data_encrypted", turned_off(), "Cached responses are not encrypted"),
            Guard(WEAKER, "settings.0.logging_level", becomes("OFF"), "Executions of methods are not logged"),
        ),
        "aws_lightsail_database": (Guard(SERVICE, "backup_retention_enabled", turned_off(), "Backups of {name} end"),),
        "aws_instance": (
            Guard(SERVICE, "root_block_device.0.encrypted", turned_off(), "The root volume of {name} is not encrypted"),
            Guard(ROUTED, "source_dest_check", is_off(), "{name} forwards traffic of other addresses"),
        ),
        "aws_launch_template": (
            Guard(
                SERVICE,
                "block_device_mappings.*.ebs.*.encrypted",
                ceases(*TRUE),
                "Volumes of new instances of {name} are not encrypted",
            ),
            Guard(WEAKER, "disable_api_termination", turned_off(), "New instances are without termination protection"),
        ),
        "aws_lambda_function": (
            Guard(SERVICE, "kms_key_arn", emptied(), "Environment variables of {name} are without the KMS key"),
            Guard(TRAFFIC, "vpc_config", emptied(), "The function {name} leaves the VPC and its controls"),
            Guard(UNCHECKED, "code_signing_config_arn", emptied(), "Code of the function {name} is not verified"),
        ),
        "aws_kms_replica_key": (
            Guard(SERVICE, "enabled", turned_off(), "The key {name} is disabled: its data is unreadable"),
        ),
        "aws_ssm_service_setting": (Guard(WEAKER, "setting_value", changed(), "A setting of Systems Manager changes"),),
        "aws_workspaces_workspace": (
            Guard(SERVICE, "user_volume_encryption_enabled", turned_off(), "The desktop {name} is not encrypted"),
        ),
        "aws_workspaces_directory": (
            Guard(
                WEAKER,
                "workspace_access_properties.0.device_type_web",
                becomes("ALLOW"),
                "Desktops of {name} are opened in browsers",
            ),
            Guard(CLIENTS, "ip_group_ids", emptied(), "Desktops of {name} are reachable from all addresses"),
        ),
        "aws_emrserverless_application": (
            Guard(WEAKER, "maximum_capacity", emptied(), "The capacity of {name} is without a limit"),
            Guard(WEAKER, "auto_stop_configuration.0.enabled", is_off(), "{name} keeps running when it is idle"),
        ),
    },
    for_types(
        ("bedrockagent_knowledge_base", "lakeformation_data_cells_filter"),
        Guard(WEAKER, "", gone(), "{name} is deleted"),
    ),
)
_TRAFFIC: Final[Mapping[str, tuple[Guard, ...]]] = {
    "aws_networkfirewall_firewall": (
        Guard(TRAFFIC, "delete_protection", turned_off(), "The firewall {name} is without deletion protection"),
        Guard(TRAFFIC, "subnet_change_protection", turned_off(), "Subnets of the firewall {name} can be changed"),
        Guard(TRAFFIC, "firewall_policy_change_protection", turned_off(), "The policy of {name} can be changed"),
        Guard(TRAFFIC, "firewall_policy_arn", changed(), "The firewall {name} gets another policy"),
    ),
    "aws_route53_hosted_zone_dnssec": (
        Guard(TRAFFIC, "signing_status", ceases("SIGNING"), "Answers of the zone {name} are not signed"),
    ),
    "aws_route53_zone": (Guard(TRAFFIC, "", gone(), "The zone {name} is deleted, with all its records"),),
    "aws_route53_record": (
        Guard(ROUTED, "records", changed(), "Requests to {name} go to another target"),
        Guard(ROUTED, "alias.0.name", changed(), "Requests to {name} go to another target"),
    ),
    "aws_route": (
        Guard(TRAFFIC, "vpc_endpoint_id", emptied(), "Traffic of {name} no longer passes the firewall's endpoint"),
        Guard(ROUTED, "vpc_peering_connection_id", added(), "Traffic of {name} goes to another VPC"),
        Guard(ROUTED, "transit_gateway_id", added(), "Traffic of {name} goes to a transit gateway"),
        Guard(ROUTED, "network_interface_id", added(), "Traffic of {name} goes to a network interface"),
    ),
    "aws_vpc_endpoint": (
        Guard(ROUTED, "", gone(), "Traffic to an AWS service no longer uses the VPC endpoint {name}"),
        Guard(ROUTED, "private_dns_enabled", turned_off(), "Traffic to an AWS service avoids the VPC endpoint {name}"),
    ),
    "aws_cloudfront_distribution": (
        Guard(TRAFFIC, "web_acl_id", emptied(), "{name} is without its web ACL"),
        Guard(
            TRAFFIC, "default_cache_behavior.0.trusted_key_groups", emptied(), "Requests to {name} need no signature"
        ),
        Guard(TRAFFIC, "default_cache_behavior.0.trusted_signers", emptied(), "Requests to {name} need no signature"),
        Guard(ROUTED, "origin.*.domain_name", changed(), "Requests to {name} go to another origin"),
    ),
    "aws_lb": (
        Guard(TRAFFIC, "drop_invalid_header_fields", turned_off(), "{name} forwards invalid headers"),
        Guard(TRAFFIC, "enable_deletion_protection", turned_off(), "{name} is without deletion protection"),
        Guard(TRAFFIC, "desync_mitigation_mode", becomes("monitor"), "{name} forwards ambiguous requests"),
    ),
    "aws_api_gateway_method": (
        Guard(ROUTED, "api_key_required", turned_off(), "Requests to a method need no API key"),
        Guard(
            TRAFFIC, "authorization", ceases("AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS"), "Requests are unauthenticated"
        ),
    ),
    "aws_apigatewayv2_route": (
        Guard(TRAFFIC, "authorization_type", ceases("AWS_IAM", "CUSTOM", "JWT"), "Requests are unauthenticated"),
    ),
    "aws_apigatewayv2_stage": (
        Guard(ROUTED, "default_route_settings.0.throttling_rate_limit", raised(), "More requests are allowed"),
    ),
    "aws_api_gateway_usage_plan": (
        Guard(ROUTED, "quota_settings", emptied(), "Requests of clients of {name} are without a quota"),
        Guard(ROUTED, "throttle_settings", emptied(), "Requests of clients of {name} are without a rate limit"),
    ),
    "aws_apprunner_service": (
        Guard(
            ROUTED,
            "network_configuration.0.ingress_configuration.0.is_publicly_accessible",
            born(None, UNKNOWN),
            "The service {name} is created with a public address, by default",
        ),
    ),
    "aws_network_acl": (
        Guard(ROUTED, "ingress", names('"action": "allow", "cidr_block": "0.0.0.0/0"'), "{name} opens"),
    ),
    "aws_default_network_acl": (
        Guard(
            ROUTED, "ingress", names('"action": "allow", "cidr_block": "0.0.0.0/0"'), "The default network ACL opens"
        ),
    ),
    "aws_fms_policy": (
        Guard(TRAFFIC, "remediation_enabled", turned_off(), "Resources without {name} are only reported"),
        Guard(TRAFFIC, "exclude_resource_tags", turned_on(), "Resources with tags are excluded from {name}"),
    ),
    "aws_eks_node_group": (Guard(ROUTED, "remote_access", added(), "Nodes of {name} accept SSH"),),
    "aws_vpc": (Guard(ROUTED, "enable_dns_support", turned_off(), "Queries in {name} avoid the resolver and its log"),),
}
_CHECKS: Final[Mapping[str, tuple[Guard, ...]]] = merged(
    {
        "aws_codepipeline": (
            Guard(UNCHECKED, "stage", drops('"category": "Approval"'), "The pipeline {name} deploys without approval"),
            Guard(ROUTED, "stage", changed(), "Stages of the pipeline {name} change"),
        ),
        "aws_bedrock_guardrail": (
            Guard(UNCHECKED, "sensitive_information_policy_config", removed(), "Filters of {name} are removed"),
            Guard(UNCHECKED, "content_policy_config", removed(), "Filters of {name} are removed"),
            Guard(UNCHECKED, "topic_policy_config", removed(), "Denied topics of {name} are removed"),
            Guard(UNCHECKED, "word_policy_config", removed(), "Filters of {name} are removed"),
            Guard(UNCHECKED, "contextual_grounding_policy_config", removed(), "Filters of {name} are removed"),
            Guard(UNCHECKED, "", gone(), "The guardrail {name} is deleted"),
        ),
        "aws_ecr_registry_scanning_configuration": (
            Guard(UNCHECKED, "scan_type", ceases("ENHANCED"), "Images are scanned for less"),
            Guard(UNCHECKED, "rule", removed(), "Some images are no longer scanned"),
        ),
        "aws_ecr_repository": (
            Guard(
                UNCHECKED,
                "image_scanning_configuration.0.scan_on_push",
                turned_off(),
                "Images of {name} are not scanned",
            ),
            Guard(WEAKER, "image_tag_mutability", born("MUTABLE", None), "Tags of {name} can be moved to other images"),
        ),
        "aws_imagebuilder_image_pipeline": (
            Guard(
                UNCHECKED,
                "image_scanning_configuration.0.image_scanning_enabled",
                turned_off(),
                "Images of {name} are not scanned",
            ),
        ),
        "aws_inspector2_enabler": (
            Guard(UNCHECKED, "resource_types", removed(), "Inspector no longer scans some types"),
            Guard(UNCHECKED, "account_ids", removed(), "Inspector no longer scans some accounts"),
        ),
        "aws_codebuild_project": (
            Guard(UNCHECKED, "source.0.location", changed(), "{name} builds the code of another repository"),
            Guard(UNCHECKED, "source.0.insecure_ssl", turned_on(), "{name} does not verify the server of its code"),
            Guard(SERVICE, "artifacts.0.encryption_disabled", turned_on(), "Artifacts of {name} are not encrypted"),
        ),
        "aws_ssm_maintenance_window": (
            Guard(WEAKER, "enabled", turned_off(), "The maintenance {name} no longer runs"),
        ),
        "aws_ssm_patch_baseline": (
            Guard(WEAKER, "rejected_patches", extended(), "Patches are rejected by {name}"),
            Guard(WEAKER, "approval_rule", changed(), "Rules for patches of {name} change"),
        ),
        "aws_eks_cluster": (
            Guard(SERVICE, "encryption_config", emptied(), "Secrets of {name} are without the KMS key"),
            Guard(WEAKER, "deletion_protection", turned_off(), "{name} is without deletion protection"),
        ),
    },
    for_types(
        ("ssm_patch_group", "ssm_maintenance_window", "eks_addon", "ssm_default_patch_baseline"),
        Guard(WEAKER, "", gone(), "{name} is removed"),
    ),
)
_CLIENTS: Final[Mapping[str, tuple[Guard, ...]]] = {
    "aws_cognito_user_pool_client": (
        Guard(CLIENTS, "callback_urls", extended(), "Tokens of {name} are sent to other addresses"),
        Guard(CLIENTS, "allowed_oauth_flows", names('"implicit"'), "Tokens of {name} appear in addresses of pages"),
        Guard(
            CLIENTS,
            "explicit_auth_flows",
            names("ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"),
            "Clients of {name} send passwords",
        ),
        Guard(CLIENTS, "prevent_user_existence_errors", ceases("ENABLED"), "{name} tells which users exist"),
    ),
    "aws_cognito_user_pool": (
        Guard(
            CLIENTS,
            "user_pool_add_ons.0.advanced_security_mode",
            becomes("OFF"),
            "Compromised credentials of {name} are not detected",
        ),
        # A limit of this review: Cognito accepts 6 characters (API Reference, PasswordPolicyType, read 2026-11-29).
        Guard(CLIENTS, "password_policy.0.minimum_length", born_below(8), "Passwords of {name} may be short"),
    ),
    "aws_iam_account_password_policy": (
        # A limit of this review: IAM accepts 6 characters, also as the default of UpdateAccountPasswordPolicy (IAM API
        # Reference, read 2026-11-29).
        Guard(CLIENTS, "minimum_password_length", born_below(8), "Passwords may be short"),
        Guard(CLIENTS, "require_symbols", turned_off(), "Passwords need no symbols"),
        Guard(CLIENTS, "require_numbers", turned_off(), "Passwords need no digits"),
    ),
    "aws_iam_access_key": (Guard(CLIENTS, "status", ceases("Inactive"), "The access key {name} is active again"),),
    "aws_eks_pod_identity_association": (Guard(WEAKER, "", new(), "Pods of {name} get a role"),),
    "aws_ecs_service": (
        Guard(WEAKER, "enable_execute_command", turned_on(), "Shells in containers of {name} are enabled"),
    ),
}
TABLE: Final = merged(_CONNECTIONS, _SERVICES, _TRAFFIC, _CHECKS, _CLIENTS)
TYPES: Final = frozenset({*TABLE, "aws_network_acl_rule"})
"""The types that this module checks."""


def check(plan: Plan) -> Iterator[Finding]:
    """Check protections that are weakened, and denying rules of network ACLs that are removed."""
    yield from guards.check(plan, TABLE)
    for change in plan.of_types({"aws_network_acl_rule"}):
        if change.before:
            yield from _denied(plan, change)


def _denied(plan: Plan, change: Change) -> Iterator[Finding]:
    """Check a rule of a network ACL that denied inbound traffic."""
    was_denied = str(change.old("rule_action")).lower() == "deny" and change.old("egress") is not True
    is_denied = str(change.new("rule_action")).lower() == "deny" and change.kind is not Kind.DESTROY
    if was_denied and not is_denied:
        source = change.old("cidr_block") or change.old("ipv6_cidr_block")
        first, last = number(change.old("from_port")) or 0, number(change.old("to_port")) or 0
        ports = (
            "all ports" if last == 0 else f"port {first:.0f}" if first == last else f"ports {first:.0f} to {last:.0f}"
        )
        rule = TRAFFIC if is_large(source) else ROUTED
        name = change.name("network_acl_id")
        yield rule.at(plan.stack, change, f"{name} no longer denies traffic from {quoted(source)} to {ports}.")
