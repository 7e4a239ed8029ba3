"""Kinds of resources that can be adopted, and rules for each in addition to the provider's schema."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.declarations import AdoptedType


@dataclass(frozen=True)
class Kind:
    """A kind of resource that can be adopted."""

    word: str
    """The name in commands, as in `--type bucket`."""

    type: AdoptedType
    """The type in Terraform."""

    left_out: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Arguments that are not recorded although they have a value in AWS, each with the reason."""

    kept_empty: frozenset[str] = frozenset()
    """Arguments that are recorded if they are empty: an empty list means no elements."""

    unmanaged: frozenset[str] = frozenset()
    """Arguments in `ignore_changes`, for which an omission is not sufficient."""

    terraform_only: frozenset[str] = frozenset()
    """Arguments that only control Terraform. AWS has no value for them, so their defaults would be shown as a change
    after an import (documentation of the AWS provider 5.100.0, by resource)."""


_USER_DATA = "it may contain secrets, and Terraform reads only its hash"
_SIZE_MOVES = "it is changed by scaling and by operators, which Terraform would revert"

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        each.word: each
        for each in (
            Kind("bucket", "aws_s3_bucket", terraform_only=frozenset({"force_destroy"})),
            Kind(
                "instance",
                "aws_instance",
                left_out={
                    "user_data": _USER_DATA,
                    "user_data_base64": _USER_DATA,
                    "security_groups": "it is equivalent to vpc_security_group_ids",
                    "network_interface": "it is equivalent to subnet_id and vpc_security_group_ids",
                    "ipv6_address_count": "it is determined by ipv6_addresses",
                },
                terraform_only=frozenset({"get_password_data", "user_data_replace_on_change"}),
                # If unset, provider 5.100.0 plans the hash of the hash that it has read.
                unmanaged=frozenset({"user_data", "user_data_base64"}),
            ),
            Kind(
                "auto-scaling-group",
                "aws_autoscaling_group",
                left_out={
                    "desired_capacity": _SIZE_MOVES,
                    "availability_zones": "it is determined by vpc_zone_identifier",
                    "launch_template[].name": "it is determined by launch_template.id",
                    "mixed_instances_policy[].launch_template[].launch_template_specification[].launch_template_name": (
                        "it is determined by launch_template_id"
                    ),
                    "mixed_instances_policy[].launch_template[].override[].launch_template_specification[]."
                    "launch_template_name": "it is determined by launch_template_id",
                },
                terraform_only=frozenset(
                    {
                        "force_delete",
                        "force_delete_warm_pool",
                        "ignore_failed_scaling_activities",
                        "wait_for_capacity_timeout",
                    }
                ),
            ),
            Kind(
                "security-group",
                "aws_security_group",
                kept_empty=frozenset({"egress", "ingress"}),
                terraform_only=frozenset({"revoke_rules_on_delete"}),
            ),
            Kind("role", "aws_iam_role", terraform_only=frozenset({"force_detach_policies"})),
            Kind("domain", "aws_sagemaker_domain", terraform_only=frozenset({"retention_policy"})),
            Kind("endpoint", "aws_sagemaker_endpoint"),
        )
    }
)

BY_TYPE: Mapping[str, Kind] = MappingProxyType({each.type: each for each in KINDS.values()})
