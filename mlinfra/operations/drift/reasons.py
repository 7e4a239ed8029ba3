"""Differences that are not drift, each kind with its reason."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlinfra.operations.drift.patterns import matches

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence


@dataclass(frozen=True)
class _Omission:
    """An attribute that is left out."""

    type: str
    attribute: str
    reason: str
    follows: str = ""
    """Left out only if this attribute differs, too. Default: any other attribute."""


@dataclass(frozen=True)
class _Mirror:
    """Attributes of a resource that repeat attributes of another resource of the stack."""

    type: str
    attributes: tuple[str, ...]
    companion: str
    refers_by: str
    """The attribute of the companion with the id or name of the resource."""


_A_TIME = "AWS updates this time at every change; the change itself is reported"
_A_COUNT = "AWS increments this number at every change; the change itself is reported"

_NOISE = (
    _Omission("*", "last_modified", _A_TIME),
    _Omission("*", "last_modified_date", _A_TIME),
    _Omission("*", "last_modified_time", _A_TIME),
    _Omission("*", "last_updated", _A_TIME),
    _Omission("*", "last_updated_date", _A_TIME),
    _Omission("*", "last_updated_time", _A_TIME),
    _Omission("*", "updated_at", _A_TIME),
    _Omission("aws_autoscaling_group", "predicted_capacity", "a forecast of AWS"),
    _Omission("aws_autoscaling_group", "warm_pool_size", "AWS counts the instances in the pool"),
    _Omission("aws_backup_vault", "recovery_points", "AWS counts the backups"),
    _Omission(
        "aws_batch_compute_environment",
        "compute_resources*.desired_vcpus",
        "AWS Batch scales it with the number of waiting jobs",
    ),
    _Omission("aws_batch_compute_environment", "status*", "the current status; `state` is the requested one"),
    _Omission("aws_db_instance", "latest_restorable_time", "AWS updates it every few minutes"),
    _Omission("aws_efs_file_system", "size_in_bytes*", "AWS counts the stored bytes"),
    _Omission(
        "aws_efs_file_system", "number_of_mount_targets", "AWS counts the mount targets, which are separate resources"
    ),
    _Omission("aws_eks_cluster", "platform_version", "AWS updates the platform automatically"),
)

_FOLLOWING = (
    _Omission("aws_launch_template", "latest_version", _A_COUNT),
    _Omission("aws_ssm_parameter", "version", _A_COUNT),
    _Omission("aws_lambda_function", "version", _A_COUNT),
    _Omission("aws_lambda_function", "qualified_arn", _A_COUNT),
    _Omission("aws_lambda_function", "qualified_invoke_arn", _A_COUNT),
    _Omission("aws_lambda_function", "source_code_size", "it follows from the code; `code_sha256` is reported"),
    _Omission("aws_cloudwatch_event_rule", "is_enabled", "it repeats `state`", follows="state"),
    _Omission(
        "aws_kms_key", "rotation_period_in_days", "it follows from `enable_key_rotation`", follows="enable_key_rotation"
    ),
    _Omission("aws_instance", "public_ip", "it changes at every start of an instance"),
    _Omission("aws_instance", "public_dns", "it changes at every start of an instance"),
)
"""Left out only if another attribute of the same resource differs. Alone, they are the only trace of a change."""

_OPERATED = (
    _Omission(
        "aws_autoscaling_group",
        "desired_capacity",
        "the stack does not declare it, so that Terraform keeps what scaling and operators set",
    ),
)
"""Optional attributes whose present value Terraform keeps if they are not configured (`Optional` and `Computed` in the
schema of AWS provider 5.100), and which are changed while the resource is used."""

_OF_AN_ADDRESS = ("association_id", "instance", "network_interface", "private_dns", "private_ip")

_MIRRORS = (
    _Mirror("aws_eip", _OF_AN_ADDRESS, "aws_nat_gateway", "allocation_id"),
    _Mirror("aws_eip", _OF_AN_ADDRESS, "aws_eip_association", "allocation_id"),
    _Mirror("aws_s3_bucket", ("policy",), "aws_s3_bucket_policy", "bucket"),
    _Mirror("aws_s3_bucket", ("versioning",), "aws_s3_bucket_versioning", "bucket"),
    _Mirror("aws_s3_bucket", ("acl", "grant"), "aws_s3_bucket_acl", "bucket"),
    _Mirror("aws_s3_bucket", ("grant",), "aws_s3_bucket_ownership_controls", "bucket"),
    _Mirror("aws_s3_bucket", ("lifecycle_rule",), "aws_s3_bucket_lifecycle_configuration", "bucket"),
    _Mirror("aws_s3_bucket", ("logging",), "aws_s3_bucket_logging", "bucket"),
    _Mirror("aws_s3_bucket", ("cors_rule",), "aws_s3_bucket_cors_configuration", "bucket"),
    _Mirror(
        "aws_s3_bucket",
        ("website", "website_domain", "website_endpoint"),
        "aws_s3_bucket_website_configuration",
        "bucket",
    ),
    _Mirror("aws_s3_bucket", ("replication_configuration",), "aws_s3_bucket_replication_configuration", "bucket"),
    _Mirror("aws_s3_bucket", ("acceleration_status",), "aws_s3_bucket_accelerate_configuration", "bucket"),
    _Mirror("aws_s3_bucket", ("request_payer",), "aws_s3_bucket_request_payment_configuration", "bucket"),
    _Mirror("aws_s3_bucket", ("object_lock_configuration",), "aws_s3_bucket_object_lock_configuration", "bucket"),
    _Mirror(
        "aws_s3_bucket",
        ("server_side_encryption_configuration",),
        "aws_s3_bucket_server_side_encryption_configuration",
        "bucket",
    ),
    _Mirror("aws_kms_key", ("policy",), "aws_kms_key_policy", "key_id"),
    _Mirror("aws_sns_topic", ("policy",), "aws_sns_topic_policy", "arn"),
    _Mirror("aws_sqs_queue", ("policy",), "aws_sqs_queue_policy", "queue_url"),
    _Mirror("aws_sqs_queue", ("redrive_policy",), "aws_sqs_queue_redrive_policy", "queue_url"),
    _Mirror("aws_sqs_queue", ("redrive_allow_policy",), "aws_sqs_queue_redrive_allow_policy", "queue_url"),
    _Mirror("aws_secretsmanager_secret", ("policy",), "aws_secretsmanager_secret_policy", "secret_arn"),
    _Mirror("aws_vpc_endpoint", ("policy",), "aws_vpc_endpoint_policy", "vpc_endpoint_id"),
    _Mirror("aws_vpc_endpoint", ("route_table_ids",), "aws_vpc_endpoint_route_table_association", "vpc_endpoint_id"),
    _Mirror("aws_vpc_endpoint", ("subnet_ids",), "aws_vpc_endpoint_subnet_association", "vpc_endpoint_id"),
    _Mirror("aws_route_table", ("route",), "aws_route", "route_table_id"),
    _Mirror("aws_network_acl", ("ingress", "egress"), "aws_network_acl_rule", "network_acl_id"),
    _Mirror(
        "aws_autoscaling_group",
        ("load_balancers", "target_group_arns"),
        "aws_autoscaling_attachment",
        "autoscaling_group_name",
    ),
    _Mirror(
        "aws_autoscaling_group",
        ("traffic_source",),
        "aws_autoscaling_traffic_source_attachment",
        "autoscaling_group_name",
    ),
    _Mirror("aws_instance", ("ebs_block_device",), "aws_volume_attachment", "instance_id"),
)

_CHECKED_SEPARATELY = {
    "aws_iam_role": ("inline_policy", "managed_policy_arns"),
    "aws_security_group": ("ingress", "egress"),
}
"""Attributes that `unmanaged` checks, which separates managed from unmanaged parts."""


def is_noise(type_: str, attribute: str) -> str:
    """The reason why changes of the attribute are never drift. Empty: they are."""
    return next((each.reason for each in _NOISE if _applies(each, type_, attribute)), "")


def is_following(type_: str, attribute: str, changed: Collection[str]) -> str:
    """The reason why a change of the attribute follows from others in `changed`. Empty: it does not."""
    return next(
        (
            each.reason
            for each in _FOLLOWING
            if _applies(each, type_, attribute) and (not each.follows or each.follows in changed)
        ),
        "",
    )


def is_mirror(
    resource: Mapping[str, Any], type_: str, attribute: str, companions: Mapping[str, Sequence[Mapping[str, Any]]]
) -> str:
    """The reason why the attribute repeats another resource of the stack. Empty: it does not.

    Args:
        resource: the values of the resource.
        type_: its type.
        attribute: the attribute, at the top level.
        companions: the values of all resources of the stack, by type.
    """
    if attribute in _CHECKED_SEPARATELY.get(type_, ()):
        return "unmanaged policies and rules are checked separately"
    own = {resource.get(name) for name in ("id", "arn", "name", "bucket", "url", "key_id")} - {None, ""}
    for mirror in _MIRRORS:
        if (
            mirror.type == type_
            and attribute in mirror.attributes
            and any(each.get(mirror.refers_by) in own for each in companions.get(mirror.companion, ()))
        ):
            return f"it repeats {mirror.companion}, which is checked separately"
    return ""


def is_operated(type_: str, attribute: str, configured: Collection[str]) -> str:
    """The reason why Terraform does not manage the attribute and operators change it. Empty: it is not so.

    Args:
        type_: the type of the resource.
        attribute: the attribute, at the top level.
        configured: the attributes in the configuration of the resource. What they contain is managed.
    """
    if attribute in configured:
        return ""
    return next((each.reason for each in _OPERATED if _applies(each, type_, attribute)), "")


def is_ignored_by_stack(path: str, ignored: Sequence[str]) -> bool:
    """True if `ignore_changes` covers `path`. Entries are as in Terraform: tags["x"], block[0].name, all."""
    wanted = _plain(path)
    return any(each in ("all", wanted) or wanted.startswith(f"{each}.") for each in map(_plain, ignored))


def _applies(omission: _Omission, type_: str, attribute: str) -> bool:
    return matches(omission.type, type_) and matches(omission.attribute, attribute)


def _plain(path: str) -> str:
    """A path without brackets: tags["x"] becomes tags.x."""
    return re.sub(r'\["?([^"\]]*)"?\]', r".\1", path)
