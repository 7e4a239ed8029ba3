"""Ways for data to leave: copies, shares and connections to other accounts, networks and services."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from mlinfra.operations.review import guards
from mlinfra.operations.review.finding import Level, Rule
from mlinfra.operations.review.guards import (
    Guard,
    added,
    becomes,
    changed,
    for_types,
    foreign,
    merged,
    names,
    new,
    turned_off,
    turned_on,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


OUTSIDE: Final = Rule(
    "MLR701",
    Level.HOLD,
    "Data or a resource is shared with, or copied to, another AWS account or a place outside of AWS.",
    "Check that the account is known and the share is intended. Name single accounts, never all.",
)
WAY: Final = Rule(
    "MLR702",
    Level.WARNING,
    "A new way for data to leave a resource is created.",
    "Check that the target is known, and that it belongs to this account.",
)
TARGET: Final = Rule(
    "MLR703",
    Level.HOLD,
    "The target of copies, exports or logs changes.",
    "Check that the new target is known, and that readers of the previous one do not depend on it.",
)
CONNECTED: Final = Rule(
    "MLR704",
    Level.HOLD,
    "A network is connected to another account, or accepts connections of other accounts.",
    "Check that the account is known, and that routes and security groups limit the traffic.",
)
RULES: Final = (OUTSIDE, WAY, TARGET, CONNECTED)

_IN_REPLICATION: Final = "rule.*.destination.*."
_STORAGE: Final[Mapping[str, tuple[Guard, ...]]] = merged(
    {
        "aws_s3_bucket_replication_configuration": (
            Guard(OUTSIDE, f"{_IN_REPLICATION}account", foreign(), "Objects of {name} are copied to another account"),
            Guard(
                OUTSIDE,
                f"{_IN_REPLICATION}access_control_translation.*.owner",
                becomes("Destination"),
                "Copies of objects of {name} belong to another account",
            ),
            Guard(TARGET, f"{_IN_REPLICATION}bucket", changed(), "The target of the replication of {name} changes"),
            Guard(WAY, "", new(), "Objects of {name} are replicated"),
        ),
        "aws_s3_bucket": (Guard(WAY, "replication_configuration", added(), "Objects of {name} are replicated"),),
        "aws_ecr_replication_configuration": (
            Guard(
                OUTSIDE,
                "replication_configuration.*.rule.*.destination.*.registry_id",
                foreign(),
                "Images are copied to the registry of another account",
            ),
            Guard(WAY, "", new(), "Images are replicated to other registries or regions"),
        ),
        "aws_s3_bucket_inventory": (
            Guard(
                OUTSIDE,
                "destination.0.bucket.0.account_id",
                foreign(),
                "Lists of objects are written to another account",
            ),
            Guard(TARGET, "destination.0.bucket.0.bucket_arn", changed(), "The target of the inventory {name} changes"),
        ),
        "aws_s3_bucket_analytics_configuration": (
            Guard(
                OUTSIDE,
                "storage_class_analysis.0.data_export.0.destination.0.s3_bucket_destination.0.bucket_account_id",
                foreign(),
                "Lists of objects are written to another account",
            ),
        ),
        "aws_s3_access_point": (
            Guard(OUTSIDE, "bucket_account_id", foreign(), "The access point {name} is of a bucket of another account"),
        ),
        "aws_s3control_access_grant": (
            Guard(OUTSIDE, "grantee.*.grantee_identifier", foreign(), "Another account gets access to objects"),
            Guard(WAY, "", new(), "A principal gets access to objects by an access grant"),
        ),
        "aws_ami_launch_permission": (Guard(OUTSIDE, "", new(), "The image of {name} is shared"),),
        "aws_snapshot_create_volume_permission": (Guard(OUTSIDE, "", new(), "The snapshot of {name} is shared"),),
        "aws_dlm_lifecycle_policy": (
            Guard(
                OUTSIDE,
                "policy_details.0.schedule.*.share_rule.*.target_accounts",
                added(),
                "Snapshots of {name} are shared with other accounts",
            ),
            Guard(
                WAY, "policy_details.0.schedule.*.cross_region_copy_rule", added(), "Snapshots are copied to a region"
            ),
        ),
        "aws_imagebuilder_distribution_configuration": (
            Guard(
                OUTSIDE,
                "distribution.*.ami_distribution_configuration.*.launch_permission.*.user_ids",
                foreign(),
                "Images of {name} are shared with other accounts",
            ),
            Guard(
                OUTSIDE,
                "distribution.*.ami_distribution_configuration.*.launch_permission.*.user_groups",
                added(),
                "Images of {name} are shared with all accounts",
            ),
            Guard(
                OUTSIDE,
                "distribution.*.ami_distribution_configuration.*.target_account_ids",
                foreign(),
                "Images of {name} are copied to other accounts",
            ),
        ),
        "aws_backup_plan": (
            Guard(
                OUTSIDE,
                "rule.*.copy_action.*.destination_vault_arn",
                foreign(),
                "Backups of {name} are copied to another account",
            ),
            Guard(WAY, "rule.*.copy_action", added(), "Backups of {name} are copied to another vault"),
        ),
        "aws_rds_export_task": (Guard(WAY, "", new(), "A snapshot is exported to S3"),),
        "aws_dynamodb_table_export": (
            Guard(OUTSIDE, "s3_bucket_owner", foreign(), "A table is exported to another account"),
            Guard(WAY, "", new(), "A table is exported to S3"),
        ),
        "aws_redshift_data_share_authorization": (
            Guard(OUTSIDE, "", new(), "A data share of a warehouse is authorized"),
        ),
        "aws_redshift_endpoint_authorization": (Guard(OUTSIDE, "", new(), "An account gets access to a warehouse"),),
        "aws_secretsmanager_secret": (Guard(WAY, "replica", added(), "The secret {name} is copied to another region"),),
        "aws_athena_workgroup": (
            Guard(
                TARGET,
                "configuration.0.result_configuration.0.output_location",
                changed(),
                "Results of queries in {name} are written elsewhere",
            ),
        ),
        "aws_storagegateway_nfs_file_share": (Guard(WAY, "", new(), "A bucket is exported as a file share"),),
        "aws_storagegateway_smb_file_share": (Guard(WAY, "", new(), "A bucket is exported as a file share"),),
    },
    for_types(
        ("db_snapshot", "db_cluster_snapshot", "db_snapshot_copy", "rds_cluster_snapshot_copy"),
        Guard(OUTSIDE, "shared_accounts", added(), "The snapshot {name} is shared"),
    ),
)
_STREAMS: Final[Mapping[str, tuple[Guard, ...]]] = merged(
    {
        "aws_cloudwatch_log_subscription_filter": (
            Guard(OUTSIDE, "destination_arn", foreign(), "Logs of {name} are sent to another account"),
            Guard(TARGET, "destination_arn", changed(), "The target of logs of {name} changes"),
            Guard(WAY, "", new(), "Logs of {name} are sent to a stream or function"),
        ),
        "aws_cloudwatch_log_account_policy": (
            Guard(OUTSIDE, "policy_document", names("DestinationArn"), "All logs of the account are sent elsewhere"),
        ),
        "aws_cloudwatch_log_delivery_destination": (
            Guard(
                OUTSIDE,
                "delivery_destination_configuration.*.destination_resource_arn",
                foreign(),
                "Logs are delivered to another account",
            ),
            Guard(WAY, "", new(), "Logs are delivered to a new target"),
        ),
        "aws_kinesis_firehose_delivery_stream": (
            Guard(OUTSIDE, "http_endpoint_configuration.0.url", added(), "{name} sends records to an HTTP endpoint"),
            Guard(OUTSIDE, "splunk_configuration.0.hec_endpoint", added(), "{name} sends records outside of AWS"),
            Guard(OUTSIDE, "snowflake_configuration.0.account_url", added(), "{name} sends records outside of AWS"),
            Guard(TARGET, "extended_s3_configuration.0.bucket_arn", changed(), "The target of {name} changes"),
        ),
        "aws_cloudwatch_event_permission": (
            Guard(OUTSIDE, "principal", foreign(), "Another account may send events to the bus of {name}"),
            Guard(WAY, "", new(), "A principal may send events to a bus"),
        ),
        "aws_cloudwatch_event_target": (
            Guard(OUTSIDE, "arn", foreign(), "Events of {name} are sent to another account"),
            Guard(TARGET, "arn", changed(), "The target of events of {name} changes"),
            Guard(WAY, "http_target", added(), "Events of {name} are sent to an HTTP endpoint"),
        ),
        "aws_cloudwatch_event_api_destination": (
            Guard(OUTSIDE, "", new(), "Events can be sent to an HTTP endpoint by {name}"),
            Guard(TARGET, "invocation_endpoint", changed(), "The HTTP endpoint of {name} changes"),
        ),
        "aws_pipes_pipe": (
            Guard(OUTSIDE, "target", foreign(), "Events of {name} are sent to another account"),
            Guard(TARGET, "target", changed(), "The target of {name} changes"),
            Guard(WAY, "", new(), "The pipe {name} sends records to a target"),
        ),
        "aws_scheduler_schedule": (
            Guard(OUTSIDE, "target.0.arn", foreign(), "The schedule {name} calls another account"),
        ),
        "aws_sns_topic_subscription": (
            Guard(OUTSIDE, "endpoint", foreign(), "Messages of {name} are sent to another account"),
            Guard(TARGET, "endpoint", changed(), "The receiver of messages of {name} changes"),
            Guard(WAY, "protocol", becomes("http", "https", "firehose"), "Messages of {name} are sent to an endpoint"),
        ),
        "aws_iot_topic_rule": (Guard(WAY, "http", added(), "Messages of {name} are sent to an HTTP endpoint"),),
        "aws_msk_replicator": (Guard(WAY, "", new(), "Topics are copied to another cluster"),),
        "aws_dms_endpoint": (Guard(WAY, "", new(), "{name} becomes a source or target of data migrations"),),
        "aws_dms_replication_task": (Guard(WAY, "", new(), "A data migration is created"),),
        "aws_appflow_flow": (Guard(WAY, "", new(), "The flow {name} copies data between services"),),
        "aws_datasync_task": (
            Guard(WAY, "", new(), "Data is copied by the task {name}"),
            Guard(TARGET, "destination_location_arn", changed(), "The target of the task {name} changes"),
        ),
        "aws_datasync_location_s3": (Guard(WAY, "", new(), "Data can be copied from or to the bucket of {name}"),),
        "aws_transfer_connector": (Guard(OUTSIDE, "", new(), "Files can be sent to another server"),),
        "aws_transfer_user": (Guard(WAY, "", new(), "A user gets access to files by SFTP"),),
        "aws_ec2_traffic_mirror_session": (Guard(OUTSIDE, "", new(), "The traffic of a network interface is copied"),),
        "aws_oam_link": (
            Guard(OUTSIDE, "sink_identifier", foreign(), "Metrics and logs are shared with another account"),
            Guard(WAY, "", new(), "Metrics and logs are shared"),
        ),
        "aws_guardduty_publishing_destination": (
            Guard(TARGET, "destination_arn", changed(), "Findings of GuardDuty are exported elsewhere"),
        ),
    },
    for_types(
        (
            *("datasync_location_object_storage", "datasync_location_azure_blob", "datasync_location_hdfs"),
            *("datasync_location_nfs", "datasync_location_smb"),
        ),
        Guard(OUTSIDE, "", new(), "Data can be copied from or to a place outside of AWS"),
    ),
)
_SHARES: Final[Mapping[str, tuple[Guard, ...]]] = merged(
    {
        "aws_ram_resource_share": (
            Guard(
                OUTSIDE, "allow_external_principals", turned_on(), "{name} admits accounts outside of the organization"
            ),
            Guard(WAY, "", new(), "The share {name} of resources is created"),
        ),
        "aws_ram_principal_association": (Guard(OUTSIDE, "", new(), "Resources are shared with another principal"),),
        "aws_ram_resource_association": (Guard(WAY, "", new(), "A resource is added to a share"),),
        "aws_ram_sharing_with_organization": (
            Guard(OUTSIDE, "", new(), "Resources can be shared with the organization"),
        ),
        "aws_lakeformation_permissions": (
            Guard(OUTSIDE, "principal", foreign(), "Another account gets access to the data catalog"),
            Guard(
                OUTSIDE,
                "principal",
                names("IAM_ALLOWED_PRINCIPALS", ":group/", "EVERYONE"),
                "All principals get access to the data catalog",
            ),
            Guard(WAY, "", new(), "A principal gets access to the data catalog"),
        ),
        "aws_lakeformation_data_lake_settings": (
            Guard(OUTSIDE, "admins", added(), "A principal becomes an administrator of Lake Formation"),
            Guard(OUTSIDE, "allow_external_data_filtering", turned_on(), "External engines get access to data"),
            Guard(OUTSIDE, "external_data_filtering_allow_list", added(), "Another account gets access to data"),
            Guard(
                OUTSIDE,
                "create_table_default_permissions.*.principal",
                names("IAM_ALLOWED_PRINCIPALS"),
                "New tables are open to all principals of the account",
            ),
        ),
        "aws_lakeformation_resource_lf_tag": (Guard(WAY, "", new(), "A tag opens a resource of the data catalog"),),
        "aws_lambda_layer_version_permission": (
            Guard(OUTSIDE, "principal", foreign(), "Another account may use the layer {name}"),
            Guard(OUTSIDE, "organization_id", added(), "An organization may use the layer {name}"),
        ),
        "aws_opensearch_authorize_vpc_endpoint_access": (
            Guard(OUTSIDE, "account", foreign(), "Another account may connect to the domain {name}"),
        ),
        "aws_config_aggregate_authorization": (
            Guard(OUTSIDE, "account_id", foreign(), "Another account may read the configuration"),
        ),
        "aws_servicecatalog_portfolio_share": (Guard(OUTSIDE, "", new(), "A portfolio is shared"),),
        "aws_directory_service_shared_directory": (Guard(OUTSIDE, "", new(), "A directory is shared"),),
        "aws_globalaccelerator_cross_account_attachment": (
            Guard(OUTSIDE, "principals", foreign(), "Another account may use endpoints of {name}"),
        ),
        "aws_network_interface_permission": (Guard(OUTSIDE, "", new(), "Another account may use a network interface"),),
        "aws_ssm_document": (
            Guard(OUTSIDE, "permissions", names('"account_ids":"All"'), "The document {name} is public"),
            Guard(OUTSIDE, "permissions.account_ids", added(), "The document {name} is shared"),
        ),
        "aws_cleanrooms_collaboration": (Guard(OUTSIDE, "", new(), "Data is shared with members of {name}"),),
        "aws_licensemanager_grant": (Guard(OUTSIDE, "", new(), "A license is shared"),),
        "aws_auditmanager_framework_share": (Guard(OUTSIDE, "", new(), "A framework is shared with another account"),),
        "aws_quicksight_data_source": (Guard(WAY, "permission", added(), "{name} is shared with users"),),
    },
    for_types(
        ("acmpca_permission", "signer_signing_profile_permission"),
        Guard(OUTSIDE, "principal", foreign(), "Another account may use {name}"),
    ),
    for_types(
        ("quicksight_dashboard", "quicksight_analysis", "quicksight_data_set"),
        Guard(WAY, "permissions", added(), "{name} is shared with users"),
    ),
)
_NETWORKS: Final[Mapping[str, tuple[Guard, ...]]] = merged(
    {
        "aws_vpc_peering_connection": (
            Guard(CONNECTED, "peer_owner_id", foreign(), "The VPC of {name} is connected to another account"),
            Guard(WAY, "", new(), "A VPC is connected to another one"),
        ),
        "aws_ec2_transit_gateway_vpc_attachment": (
            Guard(CONNECTED, "", new(), "The VPC of {name} is connected to a transit gateway"),
        ),
        "aws_ec2_transit_gateway_peering_attachment": (
            Guard(CONNECTED, "", new(), "A transit gateway is connected to another one"),
        ),
        "aws_ec2_transit_gateway": (
            Guard(
                CONNECTED,
                "auto_accept_shared_attachments",
                becomes("enable"),
                "{name} accepts all attachments",
            ),
        ),
        "aws_vpc_endpoint_service": (
            Guard(CONNECTED, "acceptance_required", turned_off(), "{name} accepts all connections"),
            Guard(CONNECTED, "allowed_principals", added(), "Other principals may connect to {name}"),
        ),
        "aws_vpc_endpoint_service_allowed_principal": (
            Guard(CONNECTED, "", new(), "Another principal may connect to an endpoint service"),
        ),
        "aws_opensearch_outbound_connection": (
            Guard(CONNECTED, "remote_domain_info.*.owner_id", foreign(), "A domain is connected to another account"),
        ),
        "aws_route53_resolver_rule": (
            Guard(WAY, "target_ip", added(), "Queries for {name} are sent to other name servers"),
        ),
    },
    for_types(
        (
            *("vpc_peering_connection_accepter", "ec2_transit_gateway_vpc_attachment_accepter"),
            *("ec2_transit_gateway_peering_attachment_accepter", "vpc_endpoint_connection_accepter"),
            *("ram_resource_share_accepter", "opensearch_inbound_connection_accepter"),
        ),
        Guard(CONNECTED, "", new(), "A connection or share of another account is accepted"),
    ),
    for_types(
        (
            *("vpn_connection", "vpn_gateway_attachment", "networkmanager_vpc_attachment", "dx_gateway_association"),
            *("networkmanager_site_to_site_vpn_attachment", "networkmanager_connect_attachment", "customer_gateway"),
            *("dx_gateway_association_proposal", "dx_private_virtual_interface", "dx_transit_virtual_interface"),
            *("route53_vpc_association_authorization", "ec2_client_vpn_endpoint", "dsql_cluster_peering"),
            *("networkmanager_transit_gateway_peering", "vpclattice_service_network_vpc_association"),
        ),
        Guard(WAY, "", new(), "The network of {name} gets a connection to another network"),
    ),
    for_types(
        (
            "dx_hosted_private_virtual_interface",
            "dx_hosted_public_virtual_interface",
            "dx_hosted_transit_virtual_interface",
        ),
        Guard(CONNECTED, "owner_account_id", foreign(), "A line is connected to another account"),
    ),
    for_types(
        ("route53_record",),
        Guard(WAY, "type", becomes("NS"), "The zone of {name} is delegated to other name servers"),
    ),
)
TABLE: Final = merged(_STORAGE, _STREAMS, _SHARES, _NETWORKS)
TYPES: Final = frozenset(TABLE)
"""The types that this module checks."""
check: Final = partial(guards.check, table=TABLE)
"""Check copies, shares and connections."""
