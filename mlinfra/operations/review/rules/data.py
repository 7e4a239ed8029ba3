"""Data that is created without protection, and backups, copies and streams of data that end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlinfra.operations.review import guards
from mlinfra.operations.review.change import UNKNOWN, Kind
from mlinfra.operations.review.escaping import quoted
from mlinfra.operations.review.finding import Finding, Level, Rule
from mlinfra.operations.review.guards import (
    NOT_TRUE,
    Guard,
    becomes,
    born,
    born_off,
    born_on,
    ceases,
    changed,
    emptied,
    for_types,
    gone,
    is_off,
    lowered,
    merged,
    raised,
    removed,
    turned_off,
    turned_on,
)
from mlinfra.operations.review.rules.data_loss import HOLDS_DATA

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlinfra.operations.review.plan import Plan

UNENCRYPTED: Final = Rule(
    "MLR121",
    Level.HOLD,
    "A resource with data is created or becomes unencrypted.",
    "Enable encryption. Most services cannot encrypt existing data later without a copy.",
)
BACKUP: Final = Rule(
    "MLR122",
    Level.HOLD,
    "Backups, copies or locks of data end, or are kept for a shorter time.",
    "Keep them, or first check that another copy exists.",
)
DELETES: Final = Rule(
    "MLR123",
    Level.HOLD,
    "Data is deleted together with its resource, or earlier than before.",
    "Keep the data: deletion of a resource must not delete data that others need.",
)
UNPROTECTED: Final = Rule(
    "MLR124",
    Level.WARNING,
    "A new resource with data is without encryption of its own, or without protection from deletion.",
    "Enable encryption, deletion protection, backups and final snapshots where the data matters.",
)
CONSUMERS: Final = Rule(
    "MLR125",
    Level.HOLD,
    "A stream of changes, or the replication of data, ends. Its consumers get no further data.",
    "Check that no consumer depends on it.",
)
FORGOTTEN: Final = Rule(
    "MLR126",
    Level.HOLD,
    "A resource with data is removed from the state. Its protections are no longer managed.",
    "Check that another stack manages it, with the same protections.",
)
MOVED: Final = Rule(
    "MLR127",
    Level.WARNING,
    "A resource with data has a new address, by a `moved` block.",
    "Check that the new address is the same resource: a wrong move changes the settings of another one's data.",
)
KEY: Final = Rule(
    "MLR128",
    Level.HOLD,
    "The key of data changes, is disabled, or is no longer used.",
    "Keep the key. Data that is encrypted with another key may be unreadable for its users.",
)
RULES: Final = (UNENCRYPTED, BACKUP, DELETES, UNPROTECTED, CONSUMERS, FORGOTTEN, MOVED, KEY)

_ENCRYPTED: Final = "{name} is not encrypted"
_ENCRYPTION: Final[Mapping[str, tuple[Guard, ...]]] = merged(
    {
        "aws_elasticache_replication_group": (
            Guard(UNENCRYPTED, "at_rest_encryption_enabled", is_off(), _ENCRYPTED),
            Guard(UNENCRYPTED, "transit_encryption_enabled", turned_off(), "Connections to {name} are not encrypted"),
            Guard(BACKUP, "snapshot_retention_limit", lowered(), "Snapshots of {name} are kept for a shorter time"),
        ),
        "aws_memorydb_cluster": (
            Guard(UNENCRYPTED, "tls_enabled", is_off(), "Connections to {name} are not encrypted"),
            Guard(BACKUP, "snapshot_retention_limit", lowered(), "Snapshots of {name} are kept for a shorter time"),
        ),
        "aws_dax_cluster": (Guard(UNENCRYPTED, "server_side_encryption.0.enabled", is_off(), _ENCRYPTED),),
        "aws_msk_cluster": (
            Guard(
                UNENCRYPTED,
                "encryption_info.0.encryption_in_transit.0.client_broker",
                becomes("PLAINTEXT", "TLS_PLAINTEXT"),
                "Connections to {name} are not encrypted",
            ),
        ),
        "aws_kinesis_stream": (
            Guard(UNENCRYPTED, "encryption_type", becomes("NONE"), _ENCRYPTED),
            Guard(DELETES, "retention_period", lowered(), "Records of {name} are kept for a shorter time"),
        ),
        "aws_sqs_queue": (Guard(UNENCRYPTED, "sqs_managed_sse_enabled", is_off(), _ENCRYPTED),),
        "aws_sns_topic": (Guard(KEY, "kms_master_key_id", changed(), "The key of {name} changes"),),
        "aws_secretsmanager_secret": (Guard(KEY, "kms_key_id", changed(), "The key of {name} changes"),),
        "aws_ssm_parameter": (
            Guard(UNENCRYPTED, "type", ceases("SecureString"), "The parameter {name} is not encrypted"),
        ),
        "aws_sagemaker_feature_group": (
            Guard(
                KEY,
                "offline_store_config.0.s3_storage_config.0.kms_key_id",
                changed(),
                "The key of the offline store of {name} changes",
            ),
        ),
        "aws_athena_workgroup": (
            Guard(
                UNENCRYPTED,
                "configuration.0.result_configuration.0.encryption_configuration",
                emptied(),
                "Results of queries in {name} are not encrypted",
            ),
        ),
        "aws_kms_alias": (
            Guard(KEY, "target_key_id", changed(), "The alias {name} gets another key"),
            Guard(KEY, "", gone(), "The alias {name} is deleted"),
        ),
        "aws_s3_bucket_server_side_encryption_configuration": (
            Guard(KEY, "rule.*.bucket_key_enabled", turned_off(), "Each object of {name} calls KMS"),
        ),
        "aws_ebs_default_kms_key": (
            Guard(KEY, "key_arn", changed(), "The default key of volumes changes"),
            Guard(KEY, "", gone(), "The default key of volumes is removed"),
        ),
        "aws_ebs_encryption_by_default": (
            Guard(UNENCRYPTED, "enabled", born_off(), "New volumes are not encrypted by default"),
        ),
        "aws_glue_data_catalog_encryption_settings": (
            Guard(UNENCRYPTED, "", gone(), "The data catalog is not encrypted"),
        ),
    },
    for_types(
        ("db_instance", "docdb_cluster", "neptune_cluster", "rds_cluster"),
        Guard(UNENCRYPTED, "storage_encrypted", born_off(), _ENCRYPTED),
        Guard(UNENCRYPTED, "storage_encrypted", turned_off(), _ENCRYPTED),
    ),
    for_types(
        ("redshift_cluster", "ebs_volume"),
        Guard(UNENCRYPTED, "encrypted", is_off(), _ENCRYPTED),
    ),
    for_types(
        ("opensearch_domain", "elasticsearch_domain"),
        Guard(UNENCRYPTED, "encrypt_at_rest.0.enabled", is_off(), _ENCRYPTED),
        Guard(UNENCRYPTED, "node_to_node_encryption.0.enabled", turned_off(), "Traffic in {name} is not encrypted"),
        Guard(UNENCRYPTED, "domain_endpoint_options.0.enforce_https", turned_off(), "{name} accepts plain HTTP"),
    ),
)
_DEFAULTS: Final = merged(
    # Default of EFS: not encrypted (EFS User Guide, "Encrypting data at rest").
    for_types(("efs_file_system",), Guard(UNENCRYPTED, "encrypted", becomes(*NOT_TRUE), _ENCRYPTED)),
    # The default of the account or of the engine applies.
    for_types(("ebs_volume",), Guard(UNPROTECTED, "encrypted", born(None, UNKNOWN), "{name} sets no encryption")),
    for_types(
        ("elasticache_replication_group",),
        Guard(UNPROTECTED, "at_rest_encryption_enabled", born(None, UNKNOWN), "{name} sets no encryption"),
    ),
)
_BACKUPS: Final[Mapping[str, tuple[Guard, ...]]] = {
    "aws_dynamodb_table": (
        Guard(
            BACKUP,
            "point_in_time_recovery.0.recovery_period_in_days",
            lowered(),
            "The period of point-in-time recovery of {name} is shortened",
        ),
        Guard(CONSUMERS, "stream_enabled", turned_off(), "The stream of the table {name} ends"),
        Guard(CONSUMERS, "stream_view_type", changed(), "The stream of the table {name} has other records"),
        Guard(CONSUMERS, "replica", removed(), "A replica of the table {name} is deleted"),
        Guard(DELETES, "ttl.0.attribute_name", changed(), "Items of {name} are deleted by another attribute"),
    ),
    "aws_dynamodb_kinesis_streaming_destination": (Guard(CONSUMERS, "", gone(), "The stream of {name} ends"),),
    "aws_lambda_event_source_mapping": (
        Guard(CONSUMERS, "enabled", turned_off(), "The function {name} gets no further records"),
        Guard(CONSUMERS, "", gone(), "The function {name} gets no further records"),
    ),
    "aws_s3_bucket_notification": (Guard(CONSUMERS, "", gone(), "Events of {name} are no longer sent"),),
    "aws_s3_bucket_replication_configuration": (
        Guard(CONSUMERS, "rule.*.status", becomes("Disabled"), "The replication of {name} is disabled"),
    ),
    "aws_backup_plan": (
        Guard(BACKUP, "rule.*.lifecycle.*.delete_after", lowered(), "Backups of {name} are kept for a shorter time"),
        Guard(BACKUP, "rule.*.rule_name", removed(), "A rule of the backup plan {name} is removed"),
        Guard(UNPROTECTED, "rule.*.schedule", changed(), "The schedule of the backup plan {name} changes"),
    ),
    "aws_backup_selection": (Guard(BACKUP, "resources", removed(), "Resources are no longer backed up by {name}"),),
    "aws_backup_vault": (Guard(DELETES, "force_destroy", turned_on(), "Backups are deleted with the vault {name}"),),
    "aws_backup_vault_lock_configuration": (
        Guard(BACKUP, "", gone(), "The lock of the backup vault {name} is removed"),
        Guard(BACKUP, "min_retention_days", lowered(), "Locked backups can be deleted earlier"),
        Guard(BACKUP, "max_retention_days", lowered(), "Locked backups are deleted earlier"),
        Guard(BACKUP, "changeable_for_days", raised(), "The lock of the vault can be removed for a longer time"),
    ),
    "aws_backup_region_settings": (Guard(BACKUP, "", gone(), "Types of resources are no longer backed up"),),
    "aws_dlm_lifecycle_policy": (
        Guard(BACKUP, "state", ceases("ENABLED"), "Snapshots by the policy {name} end"),
        Guard(BACKUP, "policy_details.0.schedule.*.retain_rule.*.count", lowered(), "Fewer snapshots are kept"),
        Guard(BACKUP, "policy_details.0.schedule.*.retain_rule.*.interval", lowered(), "Snapshots are kept shorter"),
        Guard(BACKUP, "", gone(), "Snapshots by the policy {name} end"),
    ),
    "aws_rbin_rule": (
        Guard(BACKUP, "retention_period.0.retention_period_value", lowered(), "Deleted snapshots are kept shorter"),
        Guard(BACKUP, "", gone(), "Deleted snapshots and images are no longer kept"),
    ),
    "aws_efs_replication_configuration": (Guard(CONSUMERS, "", gone(), "The replication of a file system ends"),),
    "aws_timestreamwrite_table": (
        Guard(
            DELETES,
            "retention_properties.0.magnetic_store_retention_period_in_days",
            lowered(),
            "Records of {name} are deleted earlier",
        ),
    ),
    "aws_elasticache_cluster": (
        Guard(BACKUP, "snapshot_retention_limit", lowered(), "Snapshots of {name} are kept for a shorter time"),
    ),
    "aws_db_instance_automated_backups_replication": (Guard(BACKUP, "", gone(), "Copies of backups end"),),
    "aws_redshift_snapshot_schedule_association": (Guard(BACKUP, "", gone(), "Scheduled snapshots end"),),
    "aws_redshift_snapshot_copy": (Guard(BACKUP, "", gone(), "Copies of snapshots end"),),
    "aws_s3_bucket_intelligent_tiering_configuration": (
        Guard(DELETES, "tiering.*.days", lowered(), "Objects are archived earlier"),
    ),
}
_DELETION: Final[Mapping[str, tuple[Guard, ...]]] = merged(
    {
        "aws_sagemaker_domain": (
            Guard(
                DELETES,
                "retention_policy.0.home_efs_file_system",
                ceases("Retain"),
                "The home file system is deleted with the domain {name}",
            ),
            Guard(
                UNPROTECTED,
                "retention_policy.0.home_efs_file_system",
                born("Delete"),
                "The home file system is deleted with the domain {name}",
            ),
        ),
        "aws_s3_bucket": (
            Guard(UNPROTECTED, "force_destroy", born_on(), "Objects are deleted with the bucket {name}"),
        ),
    },
    for_types(
        ("s3_directory_bucket", "athena_workgroup", "route53_zone", "athena_database"),
        Guard(DELETES, "force_destroy", turned_on(), "The content is deleted with {name}"),
    ),
    for_types(
        ("ecr_repository",),
        Guard(UNPROTECTED, "force_delete", born_on(), "The content is deleted with {name}"),
    ),
    for_types(
        ("db_instance", "rds_cluster", "docdb_cluster", "neptune_cluster"),
        Guard(UNPROTECTED, "skip_final_snapshot", born_on(), "{name} is deleted without a final snapshot"),
        Guard(UNPROTECTED, "backup_retention_period", born(0), "{name} is created without backups"),
    ),
)
TABLE: Final = merged(_ENCRYPTION, _DEFAULTS, _BACKUPS, _DELETION)
TYPES: Final = frozenset({*TABLE, *HOLDS_DATA})
"""The types that this module checks."""


def check(plan: Plan) -> Iterator[Finding]:
    """Check the protection of data, and data that is moved or forgotten."""
    yield from guards.check(plan, TABLE)
    for change in plan.of_types(HOLDS_DATA):
        name = change.name("name", "bucket", "identifier", "cluster_identifier", "domain_name", "id")
        if change.kind is Kind.FORGET:
            yield FORGOTTEN.at(plan.stack, change, f"{name} is removed from the state: {HOLDS_DATA[change.type]}.")
        elif change.moved_from and change.kind is not Kind.DESTROY:
            yield MOVED.at(plan.stack, change, f"{name} is moved from {quoted(change.moved_from)}.")
