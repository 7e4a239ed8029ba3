"""Records of what happened, and notifications about it: trails, logs, detectors, alarms and dead-letter queues."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from mlinfra.operations.review import guards
from mlinfra.operations.review.finding import Level, Rule
from mlinfra.operations.review.guards import (
    Guard,
    added,
    becomes,
    ceases,
    changed,
    emptied,
    for_types,
    gone,
    is_off,
    lowered,
    merged,
    new,
    raised,
    removed,
    turned_off,
    turned_on,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


OFF: Final = Rule(
    "MLR801",
    Level.HOLD,
    "A record of what happens is switched off or deleted.",
    "Keep it: an incident cannot be reconstructed later. To move it, create the new one first.",
)
NARROWED: Final = Rule(
    "MLR802",
    Level.HOLD,
    "A record of what happens is narrowed or redirected.",
    "Check that the omitted events are recorded elsewhere, and that readers know the new target.",
)
SILENCED: Final = Rule(
    "MLR803",
    Level.HOLD,
    "An alarm no longer notifies, or a subscriber no longer receives alerts.",
    "Keep the action and the subscription, or check that another alarm covers the case.",
)
LESS_SENSITIVE: Final = Rule(
    "MLR804",
    Level.WARNING,
    "An alarm, or a check, is deleted or made less sensitive.",
    "Check that another one covers the case.",
)
LOST_MESSAGES: Final = Rule(
    "MLR805",
    Level.HOLD,
    "A dead-letter queue is removed. Failed messages and events are lost.",
    "Keep the dead-letter queue, with an alarm on its length.",
)
RULES: Final = (OFF, NARROWED, SILENCED, LESS_SENSITIVE, LOST_MESSAGES)

_TRAILS: Final[Mapping[str, tuple[Guard, ...]]] = merged(
    {
        "aws_cloudtrail": (
            Guard(OFF, "enable_logging", is_off(), "The trail {name} does not log"),
            Guard(NARROWED, "is_multi_region_trail", turned_off(), "The trail {name} logs one region only"),
            Guard(NARROWED, "is_organization_trail", turned_off(), "The trail {name} logs one account only"),
            Guard(NARROWED, "include_global_service_events", is_off(), "The trail {name} omits global services"),
            Guard(
                NARROWED, "enable_log_file_validation", turned_off(), "Changes of log files of {name} are not detected"
            ),
            Guard(
                NARROWED, "event_selector.*.read_write_type", becomes("ReadOnly", "WriteOnly"), "{name} omits events"
            ),
            Guard(NARROWED, "event_selector.*.include_management_events", is_off(), "{name} omits management events"),
            Guard(NARROWED, "event_selector", removed(), "The event selectors of {name} change"),
            Guard(NARROWED, "advanced_event_selector", removed(), "The event selectors of {name} change"),
            Guard(LESS_SENSITIVE, "event_selector", added(), "The event selectors of {name} change"),
            Guard(LESS_SENSITIVE, "advanced_event_selector", added(), "The event selectors of {name} change"),
            Guard(NARROWED, "s3_bucket_name", changed(), "The trail {name} is written to another bucket"),
            Guard(NARROWED, "kms_key_id", emptied(), "The log files of {name} are not encrypted with a KMS key"),
            Guard(NARROWED, "cloud_watch_logs_group_arn", emptied(), "The trail {name} is not sent to CloudWatch Logs"),
        ),
        "aws_cloudtrail_event_data_store": (
            Guard(OFF, "", gone(), "The event data store {name} is deleted"),
            Guard(NARROWED, "retention_period", lowered(), "The retention of {name} is shortened"),
            Guard(NARROWED, "termination_protection_enabled", turned_off(), "{name} is without termination protection"),
            Guard(NARROWED, "advanced_event_selector", removed(), "The event selectors of {name} change"),
        ),
        "aws_flow_log": (
            Guard(OFF, "", gone(), "The flow log {name} is deleted"),
            Guard(NARROWED, "traffic_type", ceases("ALL"), "The flow log {name} omits traffic"),
            Guard(NARROWED, "log_destination", changed(), "The target of the flow log {name} changes"),
        ),
        "aws_s3_bucket_logging": (
            Guard(OFF, "", gone(), "Access to {name} is no longer logged"),
            Guard(NARROWED, "target_bucket", changed(), "The target of the access log of {name} changes"),
        ),
        "aws_s3_bucket": (Guard(OFF, "logging", emptied(), "Access to {name} is no longer logged"),),
        "aws_elb": (
            Guard(OFF, "access_logs.0.enabled", is_off(), "Access to {name} is not logged"),
            Guard(OFF, "access_logs", emptied(), "Access to {name} is no longer logged"),
        ),
        "aws_cloudfront_distribution": (
            Guard(OFF, "logging_config", emptied(), "Access to {name} is no longer logged"),
        ),
        "aws_eks_cluster": (
            Guard(NARROWED, "enabled_cluster_log_types", removed(), "Logs of the cluster {name} are switched off"),
        ),
        "aws_neptune_cluster": (
            Guard(
                NARROWED, "enable_cloudwatch_logs_exports", removed(), "Logs of the database {name} are switched off"
            ),
        ),
        "aws_redshift_cluster": (Guard(OFF, "logging", emptied(), "Logs of the warehouse {name} are switched off"),),
        "aws_msk_cluster": (Guard(OFF, "logging_info", emptied(), "Logs of the cluster {name} are switched off"),),
        "aws_sfn_state_machine": (
            Guard(
                OFF, "logging_configuration.0.level", ceases("ALL", "ERROR", "FATAL"), "Logs of {name} are switched off"
            ),
        ),
        "aws_transfer_server": (Guard(OFF, "logging_role", emptied(), "Transfers of {name} are no longer logged"),),
        "aws_emr_cluster": (Guard(OFF, "log_uri", emptied(), "Logs of the cluster {name} are switched off"),),
        "aws_codebuild_project": (
            Guard(
                OFF, "logs_config.0.cloudwatch_logs.0.status", becomes("DISABLED"), "Builds of {name} are not logged"
            ),
        ),
        "aws_fsx_windows_file_system": (
            Guard(OFF, "audit_log_configuration", emptied(), "Access to files of {name} is no longer logged"),
        ),
    },
    for_types(
        ("lb", "alb"),
        Guard(OFF, "access_logs.0.enabled", turned_off(), "Access to {name} is no longer logged"),
        Guard(OFF, "connection_logs.0.enabled", turned_off(), "Connections to {name} are no longer logged"),
    ),
    for_types(
        ("api_gateway_stage", "apigatewayv2_stage"),
        Guard(OFF, "access_log_settings", emptied(), "Requests to a stage are no longer logged"),
    ),
    for_types(
        ("wafv2_web_acl_logging_configuration", "networkfirewall_logging_configuration", "route53_query_log"),
        Guard(OFF, "", gone(), "Requests to {name} are no longer logged"),
    ),
    for_types(
        (
            *("route53_resolver_query_log_config", "route53_resolver_query_log_config_association", "redshift_logging"),
            *("bedrock_model_invocation_logging_configuration", "vpclattice_access_log_subscription"),
            *("cloudwatch_log_data_protection_policy", "verifiedaccess_instance_logging_configuration"),
            *("cloudwatch_log_delivery", "cloudwatch_log_delivery_source", "directory_service_log_subscription"),
        ),
        Guard(OFF, "", gone(), "The log of {name} is switched off"),
    ),
    for_types(
        ("db_instance", "rds_cluster", "docdb_cluster"),
        Guard(NARROWED, "enabled_cloudwatch_logs_exports", removed(), "Logs of the database {name} are switched off"),
    ),
    for_types(
        ("opensearch_domain", "elasticsearch_domain"),
        Guard(NARROWED, "log_publishing_options", removed(), "Logs of the domain {name} are switched off"),
    ),
)
_DETECTORS: Final[Mapping[str, tuple[Guard, ...]]] = merged(
    {
        "aws_guardduty_detector": (
            Guard(OFF, "", gone(), "GuardDuty is switched off"),
            Guard(OFF, "enable", is_off(), "GuardDuty is switched off"),
            Guard(NARROWED, "datasources", removed(), "Sources of GuardDuty change"),
        ),
        "aws_guardduty_filter": (
            Guard(NARROWED, "action", becomes("ARCHIVE"), "Findings of GuardDuty are suppressed"),
        ),
        "aws_guardduty_ipset": (Guard(NARROWED, "activate", turned_on(), "Addresses are trusted by GuardDuty"),),
        "aws_config_configuration_recorder": (
            Guard(OFF, "", gone(), "The recorder of configurations is deleted"),
            Guard(
                NARROWED,
                "recording_group.0.all_supported",
                turned_off(),
                "Configurations of some types are not recorded",
            ),
            Guard(
                NARROWED, "recording_group.0.resource_types", removed(), "Configurations of some types are not recorded"
            ),
            Guard(
                NARROWED,
                "recording_group.0.include_global_resource_types",
                turned_off(),
                "Configurations of IAM are not recorded",
            ),
            Guard(
                NARROWED, "recording_mode.0.recording_frequency", becomes("DAILY"), "Configurations are recorded daily"
            ),
        ),
        "aws_config_configuration_recorder_status": (
            Guard(OFF, "", gone(), "The recorder of configurations is stopped"),
            Guard(OFF, "is_enabled", is_off(), "The recorder of configurations is stopped"),
        ),
        "aws_config_delivery_channel": (
            Guard(OFF, "", gone(), "Recorded configurations are no longer delivered"),
            Guard(NARROWED, "s3_bucket_name", changed(), "Recorded configurations are written to another bucket"),
        ),
        "aws_macie2_account": (Guard(OFF, "status", becomes("PAUSED"), "Macie is paused"),),
        "aws_wafv2_web_acl": (
            Guard(NARROWED, "rule", removed(), "A rule of the web ACL {name} is removed or changed"),
            Guard(NARROWED, "default_action.0.allow", added(), "The web ACL {name} allows by default"),
        ),
        "aws_securityhub_account": (
            Guard(NARROWED, "auto_enable_controls", turned_off(), "New controls are not enabled automatically"),
        ),
        "aws_accessanalyzer_archive_rule": (Guard(NARROWED, "", new(), "Findings of Access Analyzer are suppressed"),),
    },
    for_types(
        ("guardduty_detector_feature",),
        Guard(NARROWED, "status", becomes("DISABLED"), "A feature of GuardDuty is switched off"),
        Guard(NARROWED, "", gone(), "A feature of GuardDuty is no longer managed"),
    ),
    for_types(
        (
            *("securityhub_account", "inspector2_enabler", "macie2_account", "accessanalyzer_analyzer"),
            *("detective_graph", "shield_protection", "cloudtrail_organization_delegated_admin_account"),
            *("fms_policy", "wafv2_web_acl_association"),
        ),
        Guard(OFF, "", gone(), "A detector or protection of the account is switched off"),
    ),
    for_types(
        ("securityhub_standards_subscription", "config_config_rule", "config_conformance_pack", "guardduty_member"),
        Guard(LESS_SENSITIVE, "", gone(), "The check {name} is deleted"),
    ),
)
_ALARMS: Final[Mapping[str, tuple[Guard, ...]]] = merged(
    {
        "aws_cloudwatch_metric_alarm": (
            Guard(LESS_SENSITIVE, "threshold", changed(), "The threshold of {name} changes"),
            Guard(LESS_SENSITIVE, "evaluation_periods", raised(), "The alarm {name} is raised later"),
            Guard(LESS_SENSITIVE, "datapoints_to_alarm", raised(), "The alarm {name} is raised later"),
            Guard(LESS_SENSITIVE, "treat_missing_data", ceases("breaching"), "{name} ignores missing data"),
        ),
        "aws_cloudwatch_composite_alarm": (
            Guard(SILENCED, "actions_suppressor", added(), "The alarm {name} can be suppressed"),
            Guard(LESS_SENSITIVE, "alarm_rule", changed(), "The rule of {name} changes"),
        ),
        "aws_sns_topic_subscription": (
            Guard(SILENCED, "", gone(), "A subscriber of {name} no longer receives messages"),
            Guard(LESS_SENSITIVE, "filter_policy", changed(), "The filter of a subscription of {name} changes"),
            Guard(LOST_MESSAGES, "redrive_policy", emptied(), "A subscription of {name} loses its dead-letter queue"),
        ),
        "aws_sns_topic": (Guard(SILENCED, "", gone(), "The topic {name} is deleted, with all subscriptions"),),
        "aws_budgets_budget": (
            Guard(SILENCED, "", gone(), "The budget {name} is deleted"),
            Guard(SILENCED, "notification", removed(), "Notifications of the budget {name} are removed or changed"),
            Guard(LESS_SENSITIVE, "limit_amount", raised(), "The limit of the budget {name} is raised"),
        ),
        "aws_ce_anomaly_subscription": (
            Guard(SILENCED, "subscriber", removed(), "Subscribers of {name} are removed"),
            Guard(LESS_SENSITIVE, "threshold_expression", changed(), "The threshold of {name} changes"),
        ),
        "aws_cloudwatch_event_rule": (
            Guard(SILENCED, "state", becomes("DISABLED"), "The rule {name} is disabled"),
            Guard(SILENCED, "is_enabled", is_off(), "The rule {name} is disabled"),
            Guard(LESS_SENSITIVE, "event_pattern", changed(), "The events of {name} change"),
            Guard(LESS_SENSITIVE, "", gone(), "The rule {name} is deleted"),
        ),
        "aws_chatbot_slack_channel_configuration": (
            Guard(SILENCED, "", gone(), "The channel {name} gets no messages"),
        ),
    },
    for_types(
        ("cloudwatch_metric_alarm", "cloudwatch_composite_alarm"),
        Guard(SILENCED, "actions_enabled", is_off(), "The alarm {name} does not notify"),
        Guard(SILENCED, "alarm_actions", removed(), "Actions of the alarm {name} are removed"),
        Guard(LESS_SENSITIVE, "", gone(), "The alarm {name} is deleted"),
    ),
    for_types(
        ("budgets_budget_action", "ce_anomaly_monitor", "ce_anomaly_subscription"),
        Guard(SILENCED, "", gone(), "{name} no longer notifies about costs"),
    ),
    for_types(
        (
            *("cloudwatch_event_target", "cloudwatch_log_metric_filter", "synthetics_canary", "route53_health_check"),
            *("ses_event_destination", "sesv2_configuration_set_event_destination"),
        ),
        Guard(LESS_SENSITIVE, "", gone(), "{name} is deleted"),
    ),
)
_DEAD_LETTERS: Final[Mapping[str, tuple[Guard, ...]]] = {
    "aws_sqs_queue": (Guard(LOST_MESSAGES, "redrive_policy", emptied(), "{name} loses its dead-letter queue"),),
    "aws_sqs_queue_redrive_policy": (Guard(LOST_MESSAGES, "", gone(), "{name} loses its dead-letter queue"),),
    "aws_lambda_function": (
        Guard(LOST_MESSAGES, "dead_letter_config", emptied(), "The function {name} loses its dead-letter queue"),
    ),
    "aws_cloudwatch_event_target": (
        Guard(LOST_MESSAGES, "dead_letter_config", emptied(), "A target of {name} loses its dead-letter queue"),
    ),
    "aws_lambda_function_event_invoke_config": (
        Guard(LOST_MESSAGES, "destination_config.0.on_failure", emptied(), "Failures of {name} are lost"),
        Guard(LOST_MESSAGES, "", gone(), "Failures of {name} are lost"),
    ),
    "aws_lambda_event_source_mapping": (
        Guard(LOST_MESSAGES, "destination_config.0.on_failure", emptied(), "Failed records of {name} are lost"),
    ),
    "aws_scheduler_schedule": (
        Guard(LOST_MESSAGES, "target.0.dead_letter_config", emptied(), "Failures of {name} are lost"),
    ),
}
TABLE: Final = merged(_TRAILS, _DETECTORS, _DEAD_LETTERS, _ALARMS)
TYPES: Final = frozenset(TABLE)
"""The types that this module checks."""
check: Final = partial(guards.check, table=TABLE)
"""Check records and notifications."""
