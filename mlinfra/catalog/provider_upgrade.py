"""Changes of the AWS provider from version 5 to 6 in the resource types that mlinfra declares or adopts.

Sources: the schemas of provider 5.100.0 and of 6.69.1 (the bindings cdktn-provider-aws 25.8.1), compared on 2026-11-30,
and the guides "Terraform AWS Provider Version 6 Upgrade Guide" and "Enhanced Region Support" of
hashicorp/terraform-provider-aws (website/docs/guides, read on 2026-11-30). A test compares the schemas again.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

REMOVED_BY_PROVIDER_6: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "aws_batch_compute_environment": {
            "compute_environment_name": "name",
            "compute_environment_name_prefix": "name_prefix",
        },
        "aws_batch_job_queue": {"compute_environments": "compute_environment_order"},
        "aws_eip": {"vpc": "domain"},
        "aws_flow_log": {"log_group_name": "log_destination"},
        "aws_instance": {"cpu_core_count": "cpu_options", "cpu_threads_per_core": "cpu_options"},
        "aws_launch_template": {"elastic_gpu_specifications": "", "elastic_inference_accelerator": ""},
    }
)
"""Arguments that provider 6 refuses, by resource type, with the argument that replaces each. Empty: none does.

mlinfra sets none of either, so that its stacks are valid with both versions.
"""

_COMPUTED: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "aws_batch_compute_environment": frozenset({"name", "name_prefix"}),
        "aws_bcmdataexports_export": frozenset({"arn"}),
        "aws_budgets_budget": frozenset({"billing_view_arn"}),
        "aws_cloudwatch_log_group": frozenset({"deletion_protection_enabled"}),
        "aws_dynamodb_table": frozenset({"warm_throughput"}),
        "aws_lambda_function": frozenset({"response_streaming_invoke_arn"}),
        "aws_nat_gateway": frozenset(
            {
                "auto_provision_zones",
                "auto_scaling_ips",
                "availability_mode",
                "availability_zone_address",
                "regional_nat_gateway_address",
                "regional_nat_gateway_auto_mode",
                "route_table_id",
                "vpc_id",
            }
        ),
        "aws_s3_bucket": frozenset({"bucket_namespace", "bucket_region"}),
        "aws_sns_topic": frozenset({"maximum_message_size"}),
    }
)


def is_added_by_provider_6(type_: str, attribute: str) -> bool:
    """True if provider 6 fills the attribute itself, and provider 5 does not have it.

    The first refresh with provider 6 writes such attributes to the state. Every type but the global ones has `region`.
    """
    return attribute == "region" or attribute in _COMPUTED.get(type_, ())
