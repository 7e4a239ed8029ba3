"""Lower limits of the monthly costs of managed services: databases, endpoints, search, streams, volumes and gateways.

A managed instance costs at least as much as the EC2 instance of the same type. This is known of SageMaker's, which cost
1.15 to 1.25 times the price of EC2 (price lists of 2025-06 and 2026-05), and assumed of the others. So the figures are
lower limits: they can hold a change, and a change without a finding may still be expensive.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mlinfra.catalog import on_demand_prices
from mlinfra.functions.price_table import entries
from mlinfra.functions.prices import DEFAULT_REGION
from mlinfra.operations.review.change import UNKNOWN, Change, Kind, items, number
from mlinfra.operations.review.finding import Finding, Level, Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mlinfra.operations.review.plan import Plan

    ValueOf = Callable[[str], Any]

EXPENSIVE: Final = Rule(
    "MLR424",
    Level.HOLD,
    "The monthly cost of a managed service rises by more than the limit.",
    "Check type and number of its instances. The limits are in approvals/settings.yaml.",
)
COSTS: Final = Rule(
    "MLR425",
    Level.WARNING,
    "The monthly cost of a managed service rises.",
    "Check that its size is intended.",
)
RULES: Final = (EXPENSIVE, COSTS)

_HOURS: Final = 730
_PREFIX: Final = re.compile(r"^(?:ml|db|cache|kafka|dms|mq)\.|\.(?:search|elasticsearch)$")
_MANY_GATEWAYS: Final = 6
"""More NAT gateways than a VPC usually has: one per availability zone, and regions have up to six of them."""


@dataclass(frozen=True)
class _Instances:
    """Attributes with the instances of a service. `*` in `block` is any element."""

    kind: str
    count: str | None = None
    """None: one instance."""
    block: str = ""
    doubled_by: str | None = None
    """An attribute that doubles the number of instances."""
    times: str | None = None
    """An attribute with the number of parts that have `count` further instances each."""


_INSTANCES: Final[Mapping[str, tuple[_Instances, ...]]] = {
    "aws_sagemaker_endpoint_configuration": (
        _Instances("instance_type", "initial_instance_count", "production_variants"),
        _Instances("instance_type", "initial_instance_count", "shadow_production_variants"),
    ),
    "aws_sagemaker_notebook_instance": (_Instances("instance_type"),),
    "aws_db_instance": (_Instances("instance_class", doubled_by="multi_az"),),
    "aws_rds_cluster_instance": (_Instances("instance_class"),),
    "aws_docdb_cluster_instance": (_Instances("instance_class"),),
    "aws_neptune_cluster_instance": (_Instances("instance_class"),),
    "aws_elasticache_cluster": (_Instances("node_type", "num_cache_nodes"),),
    "aws_elasticache_replication_group": (
        _Instances("node_type", "replicas_per_node_group", times="num_node_groups"),
        _Instances("node_type", "num_cache_clusters"),
    ),
    "aws_memorydb_cluster": (_Instances("node_type", "num_replicas_per_shard", times="num_shards"),),
    "aws_opensearch_domain": (_Instances("instance_type", "instance_count", "cluster_config"),),
    "aws_elasticsearch_domain": (_Instances("instance_type", "instance_count", "cluster_config"),),
    "aws_msk_cluster": (_Instances("broker_node_group_info.0.instance_type", "number_of_broker_nodes"),),
    "aws_emr_cluster": (
        _Instances("instance_type", "instance_count", "master_instance_group"),
        _Instances("instance_type", "instance_count", "core_instance_group"),
    ),
    "aws_emr_instance_group": (_Instances("instance_type", "instance_count"),),
    "aws_dms_replication_instance": (_Instances("replication_instance_class", doubled_by="multi_az"),),
    "aws_ec2_fleet": (
        _Instances(
            "launch_template_config.0.override.0.instance_type", "target_capacity_specification.0.total_target_capacity"
        ),
    ),
    "aws_spot_fleet_request": (_Instances("launch_specification.0.instance_type", "target_capacity"),),
}
_IOPS: Final = {"io1": "ebs/io1_iops", "io2": "ebs/io2_iops_first_32000", "gp3": "ebs/gp3_iops_over_3000"}
_GP3_IOPS: Final = 3000
"""Included in the price of a gp3 volume (EBS user guide, "General Purpose SSD volumes")."""
_IO2_IOPS: Final = 32_000
"""The IOPS of io2 with the first price; the price above it is lower."""
_LUSTRE: Final = (125, 250, 500, 1000)
"""The throughputs of PERSISTENT_2 file systems, in MB/s per TiB."""


def _usd(item: str) -> float:
    """The price of an item of the price table in us-east-1, in USD per its unit. 0: unknown.

    Not the refreshed prices of the project, which a reviewed change can contain.
    """
    found = entries("services", DEFAULT_REGION).get(item)
    return found.usd if found else 0.0


def _volume(value_of: ValueOf) -> float:
    kind = value_of("type")
    kind = kind if isinstance(kind, str) else "gp2"
    iops = _number(value_of, "iops")
    paid = max(iops - _GP3_IOPS, 0) if kind == "gp3" else min(iops, _IO2_IOPS)
    return _number(value_of, "size") * _usd(f"ebs/{kind}_storage") + paid * _usd(_IOPS.get(kind, ""))


def _table(value_of: ValueOf) -> float:
    if value_of("billing_mode") == "PAY_PER_REQUEST":
        return 0
    read = _number(value_of, "read_capacity") * _usd("dynamodb/provisioned_read_unit")
    return (read + _number(value_of, "write_capacity") * _usd("dynamodb/provisioned_write_unit")) * _HOURS


def _file_system(value_of: ValueOf) -> float:
    if value_of("deployment_type") != "PERSISTENT_2":
        return 0
    throughput = int(_number(value_of, "per_unit_storage_throughput"))
    throughput = throughput if throughput in _LUSTRE else min(_LUSTRE)
    return _number(value_of, "storage_capacity") * _usd(f"fsx/lustre_persistent_2_ssd_{throughput}")


def _gateway(_: ValueOf) -> float:
    return _usd("nat/gateway") * _HOURS


_OTHERS: Final[Mapping[str, Callable[[ValueOf], float]]] = {
    "aws_ebs_volume": _volume,
    "aws_dynamodb_table": _table,
    "aws_fsx_lustre_file_system": _file_system,
    "aws_nat_gateway": _gateway,
}
TYPES: Final = frozenset({*_INSTANCES, *_OTHERS})
"""The types that this module checks."""


def check(plan: Plan, limit: float, small: float) -> Iterator[Finding]:
    """Check managed services.

    Args:
        plan: the plan.
        limit: the increase that is held, in USD per month.
        small: the increase that is reported, in USD per month.
    """
    gateways = []
    total = 0.0
    held = False
    for change in plan.of_types(TYPES):
        if change.kind in {Kind.DESTROY, Kind.FORGET, Kind.READ, Kind.NOTHING}:
            continue
        if change.type == "aws_nat_gateway" and change.kind is Kind.CREATE:
            gateways.append(change)
        increase = monthly(change.type, change.new) - (0 if not change.before else monthly(change.type, change.old))
        total += increase
        if increase > small:
            rule = EXPENSIVE if increase > limit else COSTS
            held = held or rule is EXPENSIVE
            than = f", more than the limit of {limit:,.0f} USD" if rule is EXPENSIVE else ""
            yield rule.at(plan.stack, change, f"{_name(change)} costs at least {increase:,.0f} USD a month more{than}.")
    if total > limit and not held:
        text = f"Managed services cost together at least {total:,.0f} USD a month more"
        yield EXPENSIVE.at(plan.stack, plan.stack, f"{text}, more than the limit of {limit:,.0f} USD.")
    if len(gateways) > _MANY_GATEWAYS:
        cost = sum(monthly(each.type, each.new) for each in gateways)
        text = f"{len(gateways)} NAT gateways are created, for at least {cost:,.0f} USD a month"
        yield COSTS.at(plan.stack, gateways[0], f"{text}, and for each GB of traffic.")


def monthly(kind: str, value_of: ValueOf) -> float:
    """The lower limit of the monthly cost of a resource, in USD. 0: unknown."""
    if kind in _OTHERS:
        return _OTHERS[kind](value_of)
    return sum(_price(value_of, each) for each in _INSTANCES[kind])


def _price(value_of: ValueOf, instances: _Instances) -> float:
    if not instances.block:
        return _of(value_of, instances, "")
    return sum(
        _of(value_of, instances, f"{instances.block}.{place}.")
        for place in range(len(items(value_of(instances.block))))
    )


def _of(value_of: ValueOf, instances: _Instances, prefix: str) -> float:
    kind = value_of(prefix + instances.kind)
    if not isinstance(kind, str):
        return 0
    price = on_demand_prices().get(_PREFIX.sub("", kind))
    if price is None:
        return 0
    count = 1.0
    if instances.times:
        parts = _number(value_of, instances.times)
        count = parts * (1 + _number(value_of, instances.count or ""))
    elif instances.count:
        found = value_of(prefix + instances.count)
        count = number(found) or 0.0 if found is not UNKNOWN else 0.0
        if found is None and instances.block:
            # Default of the provider: one instance per block.
            count = 1.0
    if instances.doubled_by and value_of(instances.doubled_by) is True:
        count *= 2
    return price * count * _HOURS


def _number(value_of: ValueOf, path: str) -> float:
    return number(value_of(path)) or 0.0


def _name(change: Change) -> str:
    return change.name(
        "name", "identifier", "cluster_identifier", "domain_name", "cluster_name", "replication_group_id"
    )
