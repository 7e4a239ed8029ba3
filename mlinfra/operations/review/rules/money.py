"""Increases of monthly costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mlinfra.operations.review import guards
from mlinfra.operations.review.comparisons import above
from mlinfra.operations.review.costs import PRICED
from mlinfra.operations.review.escaping import quoted
from mlinfra.operations.review.finding import Finding, Level, Rule
from mlinfra.operations.review.guards import Guard, added, becomes, changed, for_types, merged, new, raised
from mlinfra.operations.review.rules import service_costs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlinfra.operations.review.costs import Cost, Usd
    from mlinfra.operations.review.plan import Plan

INCREASED: Final = Rule(
    "MLR421",
    Level.HOLD,
    "The monthly cost of instances rises by more than the limit.",
    "Check the number and type of instances. The limits are in approvals/settings.yaml.",
)
COMMITTED: Final = Rule(
    "MLR422",
    Level.HOLD,
    "Capacity is reserved or provisioned. It is paid for, whether it is used or not.",
    "Check amount, duration and end date.",
)
LARGER: Final = Rule(
    "MLR423",
    Level.WARNING,
    "A resource without a price in the catalog becomes larger.",
    "Check its price at the new size.",
)
RULES: Final = (INCREASED, COMMITTED, LARGER, *service_costs.RULES)

TABLE: Final[Mapping[str, tuple[Guard, ...]]] = merged(
    for_types(
        (
            *("ec2_capacity_reservation", "ec2_capacity_block_reservation", "ec2_host", "shield_subscription"),
            *("bedrock_provisioned_model_throughput", "rds_reserved_instance"),
            *("acmpca_certificate_authority", "dx_connection"),
        ),
        Guard(COMMITTED, "", new(), "{name} is created, and is paid for from now on"),
    ),
    {
        "aws_ec2_capacity_reservation": (
            Guard(COMMITTED, "instance_count", raised(), "More instances are reserved by {name}"),
        ),
        "aws_batch_compute_environment": (
            Guard(LARGER, "compute_resources.0.min_vcpus", raised(), "{name} always runs more CPUs"),
            Guard(LARGER, "compute_resources.0.max_vcpus", raised(), "{name} can run more CPUs"),
            Guard(LARGER, "compute_resources.0.instance_type", added(), "{name} can use other instance types"),
        ),
        "aws_appautoscaling_target": (
            Guard(LARGER, "min_capacity", raised(), "The minimum capacity of {name} is raised"),
            Guard(LARGER, "max_capacity", raised(), "The maximum capacity of {name} is raised"),
        ),
        "aws_sagemaker_endpoint_configuration": (
            Guard(LARGER, "production_variants.*.instance_type", changed(), "Instances of {name} have another type"),
            Guard(LARGER, "production_variants.*.initial_instance_count", raised(), "{name} has more instances"),
        ),
        "aws_sagemaker_notebook_instance": (
            Guard(LARGER, "instance_type", changed(), "The notebook {name} has another instance type"),
            Guard(LARGER, "volume_size", raised(), "The volume of the notebook {name} is larger"),
        ),
        "aws_lambda_provisioned_concurrency_config": (
            Guard(LARGER, "provisioned_concurrent_executions", raised(), "{name} has more provisioned concurrency"),
            Guard(LARGER, "provisioned_concurrent_executions", above(99), "{name} has much provisioned concurrency"),
        ),
        "aws_dynamodb_table": (
            Guard(LARGER, "read_capacity", raised(), "The table {name} has more provisioned capacity"),
            Guard(LARGER, "write_capacity", raised(), "The table {name} has more provisioned capacity"),
        ),
        "aws_kinesis_stream": (
            Guard(LARGER, "shard_count", raised(), "The stream {name} has more shards"),
            Guard(LARGER, "shard_count", above(100), "The stream {name} has many shards"),
        ),
        "aws_redshift_cluster": (
            Guard(LARGER, "number_of_nodes", raised(), "The warehouse {name} has more nodes"),
            Guard(LARGER, "number_of_nodes", above(7), "The warehouse {name} has many nodes"),
        ),
        "aws_redshiftserverless_workgroup": (
            Guard(LARGER, "base_capacity", raised(), "The warehouse {name} always has more capacity"),
            Guard(LARGER, "base_capacity", above(255), "The warehouse {name} always has a large capacity"),
        ),
        "aws_kendra_index": (
            Guard(LARGER, "", new(), "The index {name} is billed by the hour"),
            Guard(LARGER, "edition", becomes("ENTERPRISE_EDITION"), "The index {name} has the larger edition"),
        ),
        "aws_glue_job": (
            Guard(LARGER, "number_of_workers", raised(), "The job {name} uses more workers"),
            Guard(LARGER, "worker_type", changed(), "The job {name} uses other workers"),
        ),
    },
    for_types(
        ("db_instance", "rds_cluster_instance", "docdb_cluster_instance", "neptune_cluster_instance"),
        Guard(LARGER, "instance_class", changed(), "The database {name} has another instance class"),
    ),
    for_types(
        ("elasticache_cluster", "elasticache_replication_group", "redshift_cluster", "memorydb_cluster"),
        Guard(LARGER, "node_type", changed(), "Nodes of {name} have another type"),
    ),
    for_types(
        ("fsx_lustre_file_system", "fsx_ontap_file_system", "fsx_openzfs_file_system"),
        Guard(LARGER, "storage_capacity", raised(), "The file system {name} is larger"),
    ),
)
TYPES: Final = frozenset({*TABLE, *service_costs.TYPES})
"""The types that this module checks."""


@dataclass(frozen=True)
class Limits:
    """Limits of increases of the monthly cost of a stack, at the maximum size of its clusters."""

    usd: float = 5_000.0
    """Maximum increase, in USD per month. Default: above that of one g5.12xlarge all month."""
    ratio: float = 2.0
    """Maximum ratio of the new to the present cost. It applies to increases of more than `small_usd`."""
    small_usd: float = 500.0
    """Increase below which the ratio does not matter, in USD per month."""


def check(plan: Plan, cost: Cost, limits: Limits) -> Iterator[Finding]:
    """Check the increase of the cost of a stack, and resources without a known price."""
    yield from guards.check(plan, TABLE)
    yield from service_costs.check(plan, limits.usd, limits.small_usd)
    before, after = cost.instances
    increase = max(after.most - before.most, after.usual - before.usual)
    exceeded = []
    if increase > limits.usd:
        exceeded.append(f"by {increase:,.0f} USD, more than the limit of {limits.usd:,.0f} USD")
    is_multiple = any(is_ > limits.ratio * was > 0 for was, is_ in zip(before, after, strict=True))
    if increase > limits.small_usd and is_multiple:
        exceeded.append(f"to more than {limits.ratio:g} times the present cost")
    if exceeded:
        text = f"The cost of instances rises from {_usd(before)} to {_usd(after)} a month: {', and '.join(exceeded)}."
        yield INCREASED.at(plan.stack, plan.stack, f"{text}{_causes(cost)}", fact=_fact(cost))


def _fact(cost: Cost) -> str:
    """The increase per hour of each group. It does not depend on the day, as monthly costs until an expiry do."""
    by_address: dict[str, float] = {}
    for estimate, sign in ((cost.comparison.before, -1), (cost.comparison.after, 1)):
        for line in estimate.lines:
            if line.type in PRICED:
                by_address[line.address] = by_address.get(line.address, 0.0) + sign * line.usd_per_hour_high
    changed = [f"{quoted(address)} by {usd:+,.2f} USD" for address, usd in sorted(by_address.items()) if round(usd, 2)]
    return f"The hourly cost of instances at maximum size changes: {', '.join(changed)}."


def _causes(cost: Cost) -> str:
    """The resources with the largest increases."""
    largest = sorted(cost.increases, key=lambda each: -each[1])[:3]
    if not largest:
        return ""
    return f" Most of it: {', '.join(f'{quoted(address)} ({usd:+,.0f} USD)' for address, usd in largest)}."


def _usd(amount: Usd) -> str:
    usual, most = (f"{each:,.0f} USD" for each in amount)
    return usual if usual == most else f"{usual} ({most} at maximum size)"
