"""Code, targets and principals of other accounts, in attributes other than IAM policies."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from mlinfra.operations.review import guards
from mlinfra.operations.review.comparisons import names_foreign
from mlinfra.operations.review.finding import Level, Rule
from mlinfra.operations.review.guards import (
    Guard,
    added,
    changed,
    emptied,
    extended,
    for_types,
    foreign,
    merged,
    names,
    new,
)
from mlinfra.operations.review.rules.exfiltration import OUTSIDE, TARGET

if TYPE_CHECKING:
    from collections.abc import Mapping

CODE: Final = Rule(
    "MLR521",
    Level.HOLD,
    "A workload runs code of another account, or from another place than before.",
    "Check the owner of the code. It runs with the role of the workload.",
)
SCRIPT: Final = Rule(
    "MLR522",
    Level.WARNING,
    "A script runs at the start of notebooks, applications or nodes, as root or with their role.",
    "Read the script: what it downloads is not part of the plan.",
)
RULES: Final = (CODE, SCRIPT)

TABLE: Final[Mapping[str, tuple[Guard, ...]]] = merged(
    {
        "aws_lambda_event_source_mapping": (
            Guard(OUTSIDE, "function_name", foreign(), "Records are sent to a function of another account"),
        ),
        "aws_dynamodb_kinesis_streaming_destination": (
            Guard(OUTSIDE, "stream_arn", foreign(), "Changes of {name} are sent to another account"),
        ),
        "aws_cloudwatch_metric_stream": (
            Guard(OUTSIDE, "firehose_arn", foreign(), "Metrics are sent to another account"),
        ),
        "aws_athena_data_catalog": (
            Guard(OUTSIDE, "parameters", names_foreign(), "Queries of {name} call a function of another account"),
        ),
        "aws_opensearchserverless_access_policy": (
            Guard(OUTSIDE, "policy", names_foreign(), "Principals of another account get data by {name}"),
            Guard(OUTSIDE, "policy", names('"Principal":["*"]'), "All principals get data by {name}"),
        ),
        "aws_rds_export_task": (
            Guard(OUTSIDE, "kms_key_id", foreign(), "A snapshot is exported with a key of another account"),
        ),
        "aws_s3_bucket_server_side_encryption_configuration": (
            Guard(
                OUTSIDE,
                "rule.*.apply_server_side_encryption_by_default.*.kms_master_key_id",
                foreign(),
                "Objects of {name} are encrypted with a key of another account",
            ),
        ),
        "aws_s3_bucket_notification": (
            Guard(
                OUTSIDE, "lambda_function.*.lambda_function_arn", foreign(), "Events of {name} go to another account"
            ),
            Guard(OUTSIDE, "queue.*.queue_arn", foreign(), "Events of {name} go to another account"),
            Guard(OUTSIDE, "topic.*.topic_arn", foreign(), "Events of {name} go to another account"),
        ),
        "aws_lakeformation_data_lake_settings": (
            Guard(
                OUTSIDE,
                "create_database_default_permissions.*.principal",
                names("IAM_ALLOWED_PRINCIPALS"),
                "New databases are open to all principals of the account",
            ),
        ),
        "aws_kinesis_firehose_delivery_stream": (
            Guard(TARGET, "opensearch_configuration.0.domain_arn", changed(), "The target of {name} changes"),
            Guard(TARGET, "redshift_configuration.0.cluster_jdbcurl", changed(), "The target of {name} changes"),
            Guard(
                TARGET, "extended_s3_configuration.0.kms_key_arn", emptied(), "Records of {name} are without the key"
            ),
        ),
        "aws_lambda_function": (
            Guard(CODE, "layers", foreign(), "The function {name} runs a layer of another account"),
            Guard(CODE, "s3_bucket", changed(), "The code of the function {name} is of another bucket"),
        ),
        "aws_glue_job": (
            Guard(CODE, "command.0.script_location", changed(), "The script of {name} is at another place"),
        ),
        "aws_emr_cluster": (
            Guard(CODE, "bootstrap_action", extended(), "Another script runs on all nodes of {name}"),
            Guard(SCRIPT, "bootstrap_action", added(), "Scripts run on all nodes of {name}"),
        ),
        "aws_sagemaker_model": (
            Guard(CODE, "primary_container.*.model_data_url", changed(), "{name} loads its model from another place"),
            Guard(CODE, "container.*.model_data_url", changed(), "{name} loads its models from another place"),
        ),
        "aws_sagemaker_code_repository": (
            Guard(CODE, "git_config.0.repository_url", changed(), "Notebooks of {name} get another repository"),
            Guard(SCRIPT, "", new(), "Notebooks get code from the repository {name}"),
        ),
        "aws_codeartifact_repository": (
            Guard(CODE, "external_connections", added(), "Packages of {name} are of a public registry"),
            Guard(CODE, "upstream", changed(), "Packages of {name} are of another repository"),
        ),
        "aws_mwaa_environment": (
            Guard(CODE, "source_bucket_arn", changed(), "The code of {name} is of another bucket"),
        ),
    },
    for_types(
        ("sagemaker_notebook_instance_lifecycle_configuration", "sagemaker_studio_lifecycle_config"),
        Guard(SCRIPT, "", new(), "The script {name} runs at each start"),
    ),
)
TYPES: Final = frozenset(TABLE)
"""The types that this module checks."""
check: Final = partial(guards.check, table=TABLE)
"""Check code and targets of other accounts."""
