"""What can be adopted, and what mlinfra knows about each kind besides the provider's schema."""

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
    """What the command calls it, as in `--type bucket`."""

    type: AdoptedType
    """What Terraform calls it."""

    left_out: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Arguments that are not written although AWS has a value, each with the reason."""

    kept_empty: frozenset[str] = frozenset()
    """Arguments that are written when they are empty: an empty list there says that there shall be none."""

    unmanaged: frozenset[str] = frozenset()
    """Arguments that Terraform is told to leave alone, since leaving them out is not enough."""

    terraform_only: frozenset[str] = frozenset()
    """Arguments that say how Terraform shall go about it. AWS has no value for them, so an import finds none, and
    their defaults would show up as a change (documentation of the AWS provider 5.100.0, by resource)."""


_USER_DATA = "it may hold secrets, and Terraform reads only its hash"
_SIZE_MOVES = "scaling and people change it; Terraform would undo that"

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
                    "security_groups": "vpc_security_group_ids says the same",
                    "network_interface": "subnet_id and vpc_security_group_ids say the same",
                    "ipv6_address_count": "ipv6_addresses says it",
                },
                terraform_only=frozenset({"get_password_data", "user_data_replace_on_change"}),
                # Unsaid, provider 5.100.0 plans the hash of the hash that it has read.
                unmanaged=frozenset({"user_data", "user_data_base64"}),
            ),
            Kind(
                "auto-scaling-group",
                "aws_autoscaling_group",
                left_out={
                    "desired_capacity": _SIZE_MOVES,
                    "availability_zones": "vpc_zone_identifier says it",
                    "launch_template[].name": "launch_template.id says it",
                    "mixed_instances_policy[].launch_template[].launch_template_specification[].launch_template_name": (
                        "launch_template_id says it"
                    ),
                    "mixed_instances_policy[].launch_template[].override[].launch_template_specification[]."
                    "launch_template_name": "launch_template_id says it",
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
