"""Rows for services that ML platforms hardly use: contact centers, desktops, games, media, telephony and the like."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from mlinfra.operations.review import guards
from mlinfra.operations.review.guards import (
    Guard,
    added,
    becomes,
    changed,
    extended,
    for_types,
    foreign,
    gone,
    is_off,
    large_network,
    lowered,
    merged,
    new,
    removed,
    turned_off,
    turned_on,
)
from mlinfra.operations.review.rules.audit_trail import NARROWED
from mlinfra.operations.review.rules.data import DELETES, KEY, UNENCRYPTED
from mlinfra.operations.review.rules.exfiltration import OUTSIDE, TARGET, WAY
from mlinfra.operations.review.rules.identity import ADDED, ASSIGNED, CREDENTIALS, PROVIDER, ROLE
from mlinfra.operations.review.rules.money import COMMITTED, LARGER
from mlinfra.operations.review.rules.public import PUBLIC, REACHABLE
from mlinfra.operations.review.rules.weakened import SERVICE, TRAFFIC

if TYPE_CHECKING:
    from collections.abc import Mapping

RULES: Final = ()
"""The rules are those of other modules."""

_LAYERS: Final = (
    *("custom", "ecs_cluster", "ganglia", "haproxy", "java_app", "memcached", "mysql", "nodejs_app", "php_app"),
    *("rails_app", "static_web"),
)
TABLE: Final[Mapping[str, tuple[Guard, ...]]] = merged(
    for_types(
        (f"opsworks_{each}_layer" for each in _LAYERS),
        Guard(PUBLIC, "auto_assign_public_ips", turned_on(), "Instances of the layer {name} get public addresses"),
        Guard(PUBLIC, "auto_assign_elastic_ips", turned_on(), "Instances of the layer {name} get public addresses"),
        Guard(ROLE, "custom_instance_profile_arn", changed(), "Instances of the layer {name} get another role"),
    ),
    for_types(
        ("appstream_user_stack_association", "appstream_fleet_stack_association", "lightsail_bucket_resource_access"),
        Guard(ASSIGNED, "", new(), "A principal gets access by {name}"),
    ),
    for_types(
        ("appstream_user", "connect_user", "finspace_kx_user", "lightsail_key_pair", "opsworks_user_profile"),
        Guard(ADDED, "", new(), "{name} gives access"),
    ),
    for_types(
        ("location_geofence_collection", "location_tracker"),
        Guard(KEY, "kms_key_id", changed(), "The key of {name} changes"),
        Guard(DELETES, "", gone(), "{name} is deleted, with its positions"),
    ),
    for_types(
        ("gamelift_build", "gamelift_script"),
        Guard(TARGET, "storage_location.0.bucket", changed(), "The code of {name} is of another bucket"),
    ),
    {
        "aws_appstream_image_builder": (
            Guard(PUBLIC, "enable_default_internet_access", turned_on(), "The builder {name} has internet access"),
            Guard(ROLE, "iam_role_arn", changed(), "The builder {name} gets another role"),
        ),
        "aws_appstream_stack": (
            Guard(WAY, "storage_connectors", added(), "Users of {name} can store files elsewhere"),
            Guard(WAY, "user_settings", extended(), "Users of {name} can copy data out of sessions"),
        ),
        "aws_appstream_directory_config": (
            Guard(CREDENTIALS, "service_account_credentials", changed(), "Credentials of a directory change"),
        ),
        "aws_chime_voice_connector": (
            Guard(UNENCRYPTED, "require_encryption", is_off(), "Calls by {name} are not encrypted"),
        ),
        "aws_chime_voice_connector_origination": (
            Guard(TARGET, "route.*.host", changed(), "Calls go to another host"),
        ),
        "aws_chime_voice_connector_streaming": (
            Guard(WAY, "", new(), "Audio of calls is streamed"),
            Guard(WAY, "media_insights_configuration", added(), "Audio of calls is analyzed"),
        ),
        "aws_chime_voice_connector_termination": (
            Guard(PUBLIC, "cidr_allow_list", large_network(), "Calls are accepted from everywhere"),
        ),
        "aws_chime_voice_connector_termination_credentials": (
            Guard(ADDED, "", new(), "A password for calls is created"),
        ),
        "aws_chimesdkmediapipelines_media_insights_pipeline_configuration": (
            Guard(ROLE, "resource_access_role_arn", changed(), "The pipeline {name} gets another role"),
            Guard(WAY, "elements", added(), "Audio of calls is sent to a processor or sink"),
        ),
        "aws_chimesdkvoice_global_settings": (
            Guard(TARGET, "voice_connector.0.cdr_bucket", changed(), "Records of calls are written to another bucket"),
        ),
        "aws_chimesdkvoice_sip_media_application": (
            Guard(OUTSIDE, "endpoints.*.lambda_arn", foreign(), "Calls are handled by another account"),
            Guard(TARGET, "endpoints.*.lambda_arn", changed(), "Calls are handled by another function"),
        ),
        "aws_chimesdkvoice_voice_profile_domain": (
            Guard(DELETES, "", gone(), "The domain {name} is deleted, with its voice profiles"),
        ),
        "aws_cloudhsm_v2_cluster": (Guard(DELETES, "", gone(), "The cluster {name} is deleted, with its keys"),),
        "aws_cloudhsm_v2_hsm": (
            Guard(DELETES, "", gone(), "A module with keys is deleted: the last one makes keys unavailable"),
            Guard(COMMITTED, "", new(), "{name} is created, and is billed by the hour"),
        ),
        "aws_codecatalyst_source_repository": (
            Guard(DELETES, "", gone(), "The repository {name} is deleted, with its history"),
        ),
        "aws_connect_instance": (
            Guard(DELETES, "", gone(), "The contact center {name} is deleted, with its records"),
            Guard(NARROWED, "contact_flow_logs_enabled", turned_off(), "Contact flows of {name} are not logged"),
        ),
        "aws_connect_instance_storage_config": (
            Guard(TARGET, "storage_config.0.s3_config.0.bucket_name", changed(), "Recordings are stored elsewhere"),
            Guard(
                UNENCRYPTED,
                "storage_config.0.s3_config.0.encryption_config",
                removed(),
                "The encryption of recordings changes",
            ),
            Guard(
                OUTSIDE,
                "storage_config.0.kinesis_stream_config.0.stream_arn",
                foreign(),
                "Records of contacts are sent to another account",
            ),
        ),
        "aws_connect_lambda_function_association": (
            Guard(OUTSIDE, "function_arn", foreign(), "Contact flows call a function of another account"),
        ),
        "aws_connect_security_profile": (
            Guard(ASSIGNED, "permissions", extended(), "Users with {name} get more permissions"),
        ),
        "aws_customerprofiles_domain": (
            Guard(DELETES, "", gone(), "The domain {name} is deleted, with its profiles"),
            Guard(DELETES, "default_expiration_days", lowered(), "Profiles of {name} are deleted earlier"),
            Guard(KEY, "default_encryption_key", changed(), "The key of {name} changes"),
            Guard(WAY, "matching.0.exporting_config", added(), "Profiles of {name} are exported to S3"),
        ),
        "aws_customerprofiles_profile": (Guard(DELETES, "", gone(), "The profile {name} is deleted"),),
        "aws_drs_replication_configuration_template": (
            Guard(PUBLIC, "create_public_ip", turned_on(), "Replication servers get public addresses"),
            Guard(TRAFFIC, "data_plane_routing", becomes("PUBLIC_IP"), "Copies of servers cross the internet"),
            Guard(UNENCRYPTED, "ebs_encryption", becomes("NONE"), "Copies of servers are not encrypted"),
            Guard(KEY, "ebs_encryption_key_arn", changed(), "The key of copies of servers changes"),
            Guard(SERVICE, "pit_policy", removed(), "Copies of servers are kept for a shorter time, or less often"),
        ),
        "aws_finspace_kx_cluster": (
            Guard(ROLE, "execution_role", changed(), "The cluster {name} gets another role"),
            Guard(TARGET, "code.0.s3_bucket", changed(), "The code of {name} is of another bucket"),
            Guard(LARGER, "capacity_configuration.0.node_type", changed(), "Nodes of {name} have another type"),
        ),
        "aws_finspace_kx_environment": (
            Guard(DELETES, "", gone(), "The environment {name} is deleted, with its databases"),
            Guard(KEY, "kms_key_id", changed(), "The key of {name} changes"),
            Guard(WAY, "transit_gateway_configuration", added(), "{name} is connected to a transit gateway"),
        ),
        "aws_finspace_kx_volume": (Guard(DELETES, "", gone(), "The volume {name} is deleted"),),
        "aws_gamelift_fleet": (
            Guard(
                PUBLIC,
                "ec2_inbound_permission.*.ip_range",
                large_network(),
                "Servers of {name} are open to the internet",
            ),
            Guard(ROLE, "instance_role_arn", changed(), "Servers of {name} get another role"),
            Guard(LARGER, "ec2_instance_type", changed(), "Servers of {name} have another instance type"),
        ),
        "aws_gamelift_game_server_group": (
            Guard(ROLE, "role_arn", changed(), "The group {name} gets another role"),
            Guard(LARGER, "instance_definition", added(), "Servers of {name} can have another instance type"),
        ),
        "aws_lightsail_container_service_deployment_version": (
            Guard(REACHABLE, "public_endpoint", added(), "A container is reachable from the internet"),
        ),
        "aws_lightsail_domain": (Guard(TRAFFIC, "", gone(), "The zone {name} is deleted, with all its records"),),
        "aws_lightsail_domain_entry": (Guard(TARGET, "target", changed(), "Requests to {name} go to another target"),),
        "aws_lightsail_lb_https_redirection_policy": (
            Guard(TRAFFIC, "enabled", turned_off(), "Requests without TLS are no longer redirected"),
            Guard(TRAFFIC, "", gone(), "Requests without TLS are no longer redirected"),
        ),
        "aws_lightsail_static_ip_attachment": (Guard(REACHABLE, "", new(), "An instance gets a public address"),),
        "aws_location_tracker_association": (Guard(WAY, "", new(), "Positions of devices are shared"),),
        "aws_media_convert_queue": (
            Guard(COMMITTED, "reservation_plan_settings", added(), "Slots of {name} are reserved"),
        ),
        "aws_media_package_channel": (Guard(REACHABLE, "", new(), "Media can be published by the channel {name}"),),
        "aws_media_packagev2_channel_group": (Guard(REACHABLE, "", new(), "Media can be published by {name}"),),
        "aws_medialive_channel": (
            Guard(ROLE, "role_arn", changed(), "The channel {name} gets another role"),
            Guard(TARGET, "destinations.*.settings.*.url", changed(), "Media of {name} go to another target"),
        ),
        "aws_opsworks_application": (
            Guard(TARGET, "app_source.0.url", changed(), "The code of {name} is of another place"),
        ),
        "aws_opsworks_instance": (
            Guard(ROLE, "instance_profile_arn", changed(), "The instance {name} gets another role"),
        ),
        "aws_opsworks_permission": (
            Guard(ASSIGNED, "allow_sudo", turned_on(), "A user becomes root on the instances of a stack"),
            Guard(ASSIGNED, "allow_ssh", turned_on(), "A user gets a shell on the instances of a stack"),
            Guard(ASSIGNED, "level", changed(), "Permissions of a user in a stack change"),
        ),
        "aws_opsworks_rds_db_instance": (Guard(ASSIGNED, "", new(), "A stack gets the password of a database"),),
        "aws_opsworks_stack": (
            Guard(ROLE, "default_instance_profile_arn", changed(), "Instances of {name} get another role"),
            Guard(TARGET, "custom_cookbooks_source.0.url", changed(), "Scripts of {name} are of another place"),
        ),
        "aws_paymentcryptography_key": (
            Guard(DELETES, "", gone(), "The key {name} is deleted"),
            Guard(DELETES, "deletion_window_in_days", lowered(), "The waiting period before deletion is shortened"),
            Guard(KEY, "enabled", turned_off(), "The key {name} is disabled"),
            Guard(OUTSIDE, "exportable", turned_on(), "The key {name} can be exported"),
        ),
        "aws_paymentcryptography_key_alias": (Guard(KEY, "key_arn", changed(), "The alias {name} gets another key"),),
        "aws_pinpoint_app": (
            Guard(OUTSIDE, "campaign_hook.0.lambda_function_name", foreign(), "Segments go to another account"),
            Guard(OUTSIDE, "campaign_hook.0.web_url", added(), "Segments of {name} are sent to an HTTP endpoint"),
            Guard(LARGER, "limits.0.daily", removed(), "The limit of messages of {name} changes"),
        ),
        "aws_pinpoint_email_channel": (
            Guard(ROLE, "role_arn", changed(), "E-mail gets another role"),
            Guard(TARGET, "from_address", changed(), "E-mail has another sender"),
        ),
        "aws_pinpointsmsvoicev2_phone_number": (
            Guard(SERVICE, "deletion_protection_enabled", turned_off(), "The number is without deletion protection"),
            Guard(OUTSIDE, "two_way_channel_arn", foreign(), "Received messages go to another account"),
            Guard(TARGET, "two_way_channel_arn", changed(), "Received messages go to another target"),
        ),
        "aws_worklink_website_certificate_authority_association": (
            Guard(PROVIDER, "", new(), "Certificates of another authority are accepted"),
        ),
        "aws_workspaces_connection_alias": (
            Guard(TARGET, "connection_string", changed(), "Users are sent to other desktops"),
        ),
    },
)
TYPES: Final = frozenset(TABLE)
"""The types that this module checks."""
check: Final = partial(guards.check, table=TABLE)
"""Check services that are hardly used."""
