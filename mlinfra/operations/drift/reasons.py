"""What differs and is no drift, each kind with its reason."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlinfra.operations.drift.patterns import matches

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class _Noise:
    """What AWS itself changes all the time, whoever does or does not do anything."""

    type: str
    attribute: str
    reason: str


@dataclass(frozen=True)
class _Mirror:
    """Attributes of one resource that show again what another resource of the stack manages."""

    type: str
    attributes: tuple[str, ...]
    companion: str
    refers_by: str
    """The attribute of the companion that names the resource."""


_A_TIME = "a time that AWS writes at every change; what changed is told by itself"
_A_COUNT = "a number that AWS counts up at every change; what changed is told by itself"

_NOISE = (
    _Noise("*", "last_modified", _A_TIME),
    _Noise("*", "last_modified_date", _A_TIME),
    _Noise("*", "last_modified_time", _A_TIME),
    _Noise("*", "last_updated", _A_TIME),
    _Noise("*", "last_updated_date", _A_TIME),
    _Noise("*", "last_updated_time", _A_TIME),
    _Noise("*", "updated_at", _A_TIME),
    _Noise("aws_autoscaling_group", "predicted_capacity", "a forecast of AWS"),
    _Noise("aws_autoscaling_group", "warm_pool_size", "AWS counts the instances in the pool"),
    _Noise("aws_backup_vault", "recovery_points", "AWS counts the backups"),
    _Noise("aws_batch_compute_environment", "compute_resources*.desired_vcpus", "Batch scales it by the jobs waiting"),
    _Noise("aws_batch_compute_environment", "status*", "what Batch is at; `state` is what was asked for"),
    _Noise("aws_db_instance", "latest_restorable_time", "AWS moves it on every few minutes"),
    _Noise("aws_efs_file_system", "size_in_bytes*", "AWS counts what is stored"),
    _Noise("aws_efs_file_system", "number_of_mount_targets", "AWS counts them; each is a resource of its own"),
    _Noise("aws_eks_cluster", "platform_version", "AWS updates the platform of a cluster by itself"),
)

_FOLLOWING = (
    _Noise("aws_launch_template", "latest_version", _A_COUNT),
    _Noise("aws_ssm_parameter", "version", _A_COUNT),
    _Noise("aws_lambda_function", "version", _A_COUNT),
    _Noise("aws_lambda_function", "qualified_arn", _A_COUNT),
    _Noise("aws_lambda_function", "qualified_invoke_arn", _A_COUNT),
    _Noise("aws_lambda_function", "source_code_size", "it follows from the code, which is told by `code_sha256`"),
    _Noise("aws_instance", "public_ip", "an instance gets another one at every start"),
    _Noise("aws_instance", "public_dns", "an instance gets another one at every start"),
)
"""Left out only where something else of the same resource is drift; alone they are all that is seen of a change."""

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

_LOOKED_AT_APART = {
    "aws_iam_role": ("inline_policy", "managed_policy_arns"),
    "aws_security_group": ("ingress", "egress"),
}
"""What `unmanaged` looks at, which tells what the stack manages from what stands beside it."""


def is_noise(type_: str, attribute: str) -> str:
    """Why the attribute says nothing, whatever it says; empty where it does say something."""
    return _reason(_NOISE, type_, attribute)


def is_following(type_: str, attribute: str) -> str:
    """Why the attribute says nothing beside others of the same resource; empty where it does."""
    return _reason(_FOLLOWING, type_, attribute)


def is_mirror(
    resource: Mapping[str, Any], type_: str, attribute: str, companions: Mapping[str, Sequence[Mapping[str, Any]]]
) -> str:
    """Why the attribute only shows what another resource manages; empty where it does not.

    Args:
        resource: the values of the resource.
        type_: its type.
        attribute: the attribute, at the top level.
        companions: the values of all resources of the stack, by type.
    """
    if attribute in _LOOKED_AT_APART.get(type_, ()):
        return "what stands beside managed policies and rules is looked at by itself"
    own = {resource.get(name) for name in ("id", "arn", "name", "bucket", "url", "key_id")} - {None, ""}
    for mirror in _MIRRORS:
        if (
            mirror.type == type_
            and attribute in mirror.attributes
            and any(each.get(mirror.refers_by) in own for each in companions.get(mirror.companion, ()))
        ):
            return f"it shows what {mirror.companion} manages, which is looked at by itself"
    return ""


def left_to_others(path: str, ignored: Sequence[str]) -> bool:
    """Whether `path` lies in what `ignore_changes` names, as Terraform writes it: tags["x"], block[0].name, all."""
    wanted = _plain(path)
    return any(each in ("all", wanted) or wanted.startswith(f"{each}.") for each in map(_plain, ignored))


def _reason(table: Sequence[_Noise], type_: str, attribute: str) -> str:
    return next((each.reason for each in table if matches(each.type, type_) and matches(each.attribute, attribute)), "")


def _plain(path: str) -> str:
    """A path with dots alone: tags["x"] as tags.x."""
    return re.sub(r'\["?([^"\]]*)"?\]', r".\1", path)
