"""Data that is destroyed together with its resource."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlinfra.functions.contract import Tag
from mlinfra.operations.review.change import Change, Kind
from mlinfra.operations.review.finding import Finding, Level, Rule
from mlinfra.operations.review.rules.compute import ended_experiments

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlinfra.operations.review.plan import Plan

HOLDS_DATA: Final[Mapping[str, str]] = {
    "aws_backup_logically_air_gapped_vault": "the backup vault",
    "aws_backup_vault": "the backup vault",
    "aws_cloudsearch_domain": "the search domain, with its index",
    "aws_cloudwatch_event_archive": "the archive, with its events",
    "aws_cloudwatch_log_group": "the log group, with all its logs",
    "aws_cloudwatch_log_stream": "the log stream, with its logs",
    "aws_codeartifact_repository": "the repository, with its packages",
    "aws_codecommit_repository": "the repository, with its history",
    "aws_cognito_identity_pool": "the identity pool, with its identities",
    "aws_cognito_user": "the user",
    "aws_cognito_user_pool": "the user pool, with all its users",
    "aws_datazone_domain": "the domain, with its catalog",
    "aws_db_cluster_snapshot": "the cluster snapshot",
    "aws_db_instance": "the database",
    "aws_db_snapshot": "the database snapshot",
    "aws_docdb_cluster": "the DocumentDB cluster",
    "aws_docdbelastic_cluster": "the DocumentDB cluster",
    "aws_dsql_cluster": "the database cluster",
    "aws_dynamodb_global_table": "the global table, with its replicas",
    "aws_dynamodb_table": "the table, with all its items",
    "aws_dynamodb_table_item": "the item",
    "aws_dynamodb_table_replica": "the replica of the table",
    "aws_ebs_snapshot": "the volume's snapshot",
    "aws_ebs_volume": "the volume",
    "aws_ecr_repository": "the repository, with its images",
    "aws_ecrpublic_repository": "the public repository, with its images",
    "aws_efs_file_system": "the file system, with all its files",
    "aws_elasticache_cluster": "the cache cluster",
    "aws_elasticache_replication_group": "the cache's replication group",
    "aws_elasticache_serverless_cache": "the cache",
    "aws_elasticsearch_domain": "the search domain, with its indexes",
    "aws_finspace_kx_database": "the database",
    "aws_fsx_backup": "the backup of a file system",
    "aws_fsx_lustre_file_system": "the Lustre file system, with all files that were not exported",
    "aws_fsx_ontap_file_system": "the ONTAP file system",
    "aws_fsx_ontap_storage_virtual_machine": "the storage virtual machine, with its volumes",
    "aws_fsx_ontap_volume": "the ONTAP volume",
    "aws_fsx_openzfs_file_system": "the OpenZFS file system",
    "aws_fsx_openzfs_snapshot": "the OpenZFS snapshot",
    "aws_fsx_openzfs_volume": "the OpenZFS volume",
    "aws_fsx_windows_file_system": "the Windows file system",
    "aws_glue_catalog_database": "the catalog database, with its table definitions",
    "aws_glue_catalog_table": "the table's definition",
    "aws_glue_registry": "the registry, with its schemas",
    "aws_glue_schema": "the schema, with its versions",
    "aws_grafana_workspace": "the workspace, with its dashboards",
    "aws_kendra_index": "the index",
    "aws_keyspaces_keyspace": "the keyspace, with its tables",
    "aws_keyspaces_table": "the table, with all its rows",
    "aws_kinesis_stream": "the stream, with all records that were not read yet",
    "aws_kinesis_video_stream": "the video stream",
    "aws_kms_external_key": "the key: data encrypted with it becomes permanently unreadable",
    "aws_kms_key": "the key: data encrypted with it becomes permanently unreadable",
    "aws_kms_replica_key": "the replica key: data encrypted with it becomes unreadable in its region",
    "aws_lightsail_database": "the database",
    "aws_lightsail_disk": "the disk",
    "aws_lightsail_instance": "the instance, with its disk",
    "aws_media_store_container": "the container, with its objects",
    "aws_memorydb_cluster": "the MemoryDB cluster",
    "aws_msk_cluster": "the Kafka cluster, with its topics",
    "aws_msk_serverless_cluster": "the Kafka cluster, with its topics",
    "aws_neptune_cluster": "the Neptune cluster",
    "aws_neptunegraph_graph": "the graph",
    "aws_opensearch_domain": "the search domain, with its indexes",
    "aws_opensearchserverless_collection": "the collection, with its indexes",
    "aws_prometheus_workspace": "the workspace, with its metrics",
    "aws_qldb_ledger": "the ledger",
    "aws_rds_cluster": "the database cluster",
    "aws_redshift_cluster": "the warehouse",
    "aws_redshiftserverless_namespace": "the warehouse's namespace",
    "aws_rekognition_collection": "the collection, with its faces",
    "aws_s3_bucket": "the bucket",
    "aws_s3_directory_bucket": "the directory bucket",
    "aws_s3control_bucket": "the bucket on an outpost",
    "aws_s3tables_table": "the table, with all its rows",
    "aws_s3tables_table_bucket": "the table bucket",
    "aws_sagemaker_domain": "the Studio domain, whose home file system is deleted unless its retention policy keeps it",
    "aws_sagemaker_feature_group": "the feature group: its online store, and the definition of its offline store",
    "aws_sagemaker_hub": "the hub, with its models",
    "aws_sagemaker_image": "the image, with its versions",
    "aws_sagemaker_mlflow_tracking_server": "the tracking server, with all recorded runs",
    "aws_sagemaker_model_package_group": "the model package group, with all versions of a model",
    "aws_sagemaker_notebook_instance": "the notebook instance, with its volume",
    "aws_sagemaker_project": "the project, with its repositories",
    "aws_sagemaker_space": "the space, with its files",
    "aws_sagemaker_user_profile": "the user profile, with its home directory",
    "aws_secretsmanager_secret": "the secret",
    "aws_secretsmanager_secret_version": "the version of the secret",
    "aws_simpledb_domain": "the domain, with its items",
    "aws_sqs_queue": "the queue, with its messages",
    "aws_timestreaminfluxdb_db_instance": "the database",
    "aws_timestreamwrite_database": "the database",
    "aws_timestreamwrite_table": "the table, with all its records",
    "aws_workspaces_workspace": "the desktop, with its volumes",
}
"""The data that is lost, by the type of the resource."""

STATE: Final = "the Terraform state: without it, its resources can no longer be changed or deleted by code"

DESTROYED: Final = Rule(
    "MLR101",
    Level.HOLD,
    "A resource with data is destroyed.",
    "Keep the resource in the code, or remove it from the state only: `removed` block with `destroy = false`.",
)
REPLACED: Final = Rule(
    "MLR102",
    Level.HOLD,
    "A resource with data is replaced. The new one is empty.",
    "Undo the change that forces the replacement. If the resource was renamed in the code, add a `moved` block.",
)
ENDED: Final = Rule(
    "MLR103",
    Level.NOTE,
    "The log group of an experiment is destroyed together with its empty cluster.",
    "Export the logs first, if they are still needed.",
)
RULES: Final = (DESTROYED, REPLACED, ENDED)


def check(plan: Plan) -> Iterator[Finding]:
    """Check resources with data that are destroyed or replaced."""
    ended = ended_experiments(plan)
    for change in plan.changes:
        lost = HOLDS_DATA.get(change.type)
        if lost is None or not change.destroys:
            continue
        name = change.name("name", "bucket", "identifier", "cluster_identifier", "domain_name", "id")
        if _holds_state(change):
            lost = f"{lost}, which according to its name contains {STATE}"
        if _belongs_to(change, ended):
            yield ENDED.at(plan.stack, change, f"{name} is destroyed: {lost}. Its experiment has ended.")
        elif change.kind is Kind.DESTROY:
            yield DESTROYED.at(plan.stack, change, f"{name} is destroyed: {lost}.{_emptied(change)}")
        else:
            yield REPLACED.at(plan.stack, change, f"{name} is replaced: {lost}.{_emptied(change)}")


def _belongs_to(change: Change, experiments: frozenset[str]) -> bool:
    """True for the log group of one of `experiments`, which is destroyed."""
    is_log = change.type == "aws_cloudwatch_log_group" and change.kind is Kind.DESTROY
    return is_log and change.old(f"tags_all.{Tag.EXPERIMENT}") in experiments


def _holds_state(change: Change) -> bool:
    name = change.old("bucket") if change.type == "aws_s3_bucket" else change.old("name")
    words = ("tfstate", "terraform-state", "terraform-lock", "tf-state", "terraform-locks")
    if change.type not in {"aws_s3_bucket", "aws_dynamodb_table"} or not isinstance(name, str):
        return False
    return any(word in name.lower() for word in words) or change.old("hash_key") == "LockID"


def _emptied(change: Change) -> str:
    """The effect of the settings of the resource on its deletion."""
    if change.old("force_destroy") is True or change.old("force_delete") is True:
        return " It is emptied first, because forced deletion is enabled."
    if change.old("skip_final_snapshot") is True:
        return " No final snapshot is created."
    if change.old("skip_destroy") is True:
        return " It remains in AWS, because `skip_destroy` is enabled."
    return ""
