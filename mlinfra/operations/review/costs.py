"""Monthly costs of a plan's instances before and after, with the prices of the catalog.

The prices are on-demand prices of Linux in us-east-1, also for spot instances and for other regions. They serve to
compare, and are not an invoice. A price that is not in the catalog is unknown, never 0.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mlinfra.catalog import on_demand_prices
from mlinfra.operations.review import references
from mlinfra.operations.review.change import Change, Kind, Mark, items, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mlinfra.operations.review.plan import Plan

HOURS_A_MONTH: Final = 730
PRICED: Final = frozenset({"aws_autoscaling_group", "aws_eks_node_group", "aws_instance"})
"""Types of resources whose instances have a price."""
UNPRICED: Final[Mapping[str, str]] = {
    "aws_batch_compute_environment": "AWS Batch: what its jobs use",
    "aws_db_instance": "RDS",
    "aws_ec2_fleet": "a fleet of instances",
    "aws_eks_cluster": "EKS: the control plane",
    "aws_elasticache_cluster": "ElastiCache",
    "aws_elasticache_replication_group": "ElastiCache",
    "aws_fsx_lustre_file_system": "FSx for Lustre",
    "aws_fsx_ontap_file_system": "FSx for ONTAP",
    "aws_fsx_openzfs_file_system": "FSx for OpenZFS",
    "aws_fsx_windows_file_system": "FSx for Windows",
    "aws_lb": "a load balancer",
    "aws_msk_cluster": "MSK",
    "aws_nat_gateway": "a NAT gateway",
    "aws_opensearch_domain": "OpenSearch",
    "aws_rds_cluster_instance": "RDS",
    "aws_redshift_cluster": "Redshift",
    "aws_sagemaker_endpoint": "a SageMaker endpoint",
    "aws_sagemaker_mlflow_tracking_server": "a managed MLflow server",
    "aws_sagemaker_notebook_instance": "a SageMaker notebook instance",
    "aws_spot_fleet_request": "a spot fleet",
    "aws_spot_instance_request": "a spot instance",
}
"""Types of resources that are billed by the hour and have no price in the catalog, with their names."""


class Usd(NamedTuple):
    """An amount in USD per month."""

    usual: float
    """At the desired number of nodes."""
    most: float
    """At the maximum number of nodes."""


@dataclass(frozen=True)
class Cost:
    """Monthly costs of the instances of one plan, as far as prices are known."""

    before: Usd
    after: Usd
    unknown: tuple[tuple[str, str], ...] = field(default=())
    """Addresses of resources without a known price, each with the reason."""
    increases: tuple[tuple[str, float], ...] = field(default=())
    """Addresses of resources that get more expensive, each with the increase at its maximum size, in USD per month."""

    @property
    def difference(self) -> Usd:
        """The increase by the plan."""
        return Usd(self.after.usual - self.before.usual, self.after.most - self.before.most)


class Fleet(NamedTuple):
    """The nodes of a group."""

    types: tuple[str, ...]
    """The possible instance types. Empty: unknown."""
    wanted: float | None
    most: float | None


def fleets(plan: Plan) -> dict[str, tuple[Fleet | None, Fleet | None]]:
    """The nodes of each changed group before and after, by address. Sensitive ones are left out."""
    templates = _Templates(plan)
    return {
        change.address: (_fleet(change, "before", templates), _fleet(change, "after", templates))
        for change in plan.changes
        if change.type in PRICED and not _is_hidden(change)
    }


def cost(plan: Plan) -> Cost:
    """Calculate the monthly costs of the instances of `plan`, before and after."""
    templates = _Templates(plan)
    sums = {"before": [0.0, 0.0], "after": [0.0, 0.0]}
    unknown: dict[str, str] = {}
    by_address: dict[str, float] = {}
    for change in (*plan.changes, *plan.unchanged):
        if change.type in UNPRICED and change.kind is not Kind.FORGET:
            unknown[change.address] = UNPRICED[change.type]
        if change.type not in PRICED:
            continue
        for side in ("before", "after"):
            fleet = _fleet(change, side, templates)
            if fleet is None:
                continue
            price, why = _price(fleet)
            if _is_hidden(change):
                price, why = None, "the instance type is sensitive"
            if price is None:
                unknown[change.address] = why
                continue
            sums[side][0] += price * (fleet.wanted or 0) * HOURS_A_MONTH
            most = price * (fleet.most or 0) * HOURS_A_MONTH
            sums[side][1] += most
            by_address[change.address] = by_address.get(change.address, 0.0) + (most if side == "after" else -most)
    increases = tuple((address, usd) for address, usd in by_address.items() if usd > 0)
    return Cost(Usd(*sums["before"]), Usd(*sums["after"]), tuple(sorted(unknown.items())), increases)


def _price(fleet: Fleet) -> tuple[float | None, str]:
    """USD per hour of one node, or the reason why it is unknown. Of several types, the most expensive counts."""
    if not fleet.types:
        return None, "the instance type is unknown"
    if fleet.wanted is None or fleet.most is None:
        return None, "the number of nodes is unknown"
    if fleet.most == 0:
        return 0.0, ""
    known = [on_demand_prices().get(each) for each in fleet.types]
    missing = [name for name, price in zip(fleet.types, known, strict=True) if price is None]
    if missing:
        return None, f"the catalog has no price for {', '.join(missing)}"
    return max(price for price in known if price is not None), ""


def _fleet(change: Change, side: str, templates: _Templates) -> Fleet | None:
    """The nodes of `change` before or after. None: no nodes."""
    if change.kind is Kind.DESTROY and side == "after":
        return None
    # A forgotten resource still incurs charges, but is not part of the stack any more.
    if (change.kind is Kind.CREATE and side == "before") or (change.kind is Kind.FORGET and side == "after"):
        return None
    value_of = change.old if side == "before" else change.new
    if change.type == "aws_instance":
        return Fleet(_texts([value_of("instance_type")]), 1, 1)
    if change.type == "aws_eks_node_group":
        types = _texts(items(value_of("instance_types")))
        wanted, most = (number(value_of(f"scaling_config.0.{each}_size")) for each in ("desired", "max"))
        return Fleet(types, wanted, most)
    most = number(value_of("max_size"))
    wanted = number(value_of("desired_capacity"))
    if wanted is None:
        wanted = number(value_of("min_size"))
    return Fleet(templates.types(change, side), wanted, most)


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    given = list(values)
    # One unknown type makes all of them unknown.
    return tuple(each for each in given if isinstance(each, str)) if not any(isinstance(e, Mark) for e in given) else ()


def _is_hidden(change: Change) -> bool:
    return any(map(change.is_sensitive, ("instance_type", "instance_types", "mixed_instances_policy")))


class _Templates:
    """Instance types of launch templates and launch configurations, by id, name or reference."""

    def __init__(self, plan: Plan) -> None:
        self._types: dict[str, dict[str, str]] = {"before": {}, "after": {}}
        kinds = {"aws_launch_template", "aws_launch_configuration"}
        for change in (*plan.unchanged, *plan.changes):
            if change.type not in kinds:
                continue
            for side, value_of in (("before", change.old), ("after", change.new)):
                instance_type = value_of("instance_type")
                if isinstance(instance_type, str) and not change.is_sensitive("instance_type"):
                    keys = (change.address, value_of("id"), value_of("name"))
                    self._types[side].update({key: instance_type for key in keys if isinstance(key, str)})
        self._configured = references.configured(plan.configuration)

    def types(self, group: Change, side: str) -> tuple[str, ...]:
        """The instance types of a group. Empty: unknown."""
        value_of = group.old if side == "before" else group.new
        overrides = items(value_of("mixed_instances_policy.0.launch_template.0.override"))
        named = [each.get("instance_type") for each in overrides if isinstance(each, dict)]
        if named:
            return _texts(named) if all(isinstance(each, str) and each for each in named) else ()
        blocks = ("launch_template.0", "mixed_instances_policy.0.launch_template.0.launch_template_specification.0")
        ids = ("id", "name", "launch_template_id", "launch_template_name")
        keys = [value_of("launch_configuration"), *(value_of(f"{block}.{each}") for block in blocks for each in ids)]
        for key in keys:
            if isinstance(key, str) and key in self._types[side]:
                return (self._types[side][key],)
        return self._by_reference(group, side) if Mark.UNKNOWN in keys else ()

    def _by_reference(self, group: Change, side: str) -> tuple[str, ...]:
        """The instance types of the template that the configuration refers to, for ids that are known after apply."""
        resource, index = references.without_last_index(group.address)
        code = str(references.of(self._configured, group.address).get("expressions"))
        module = resource.rpartition("aws_autoscaling_group.")[0]
        for reference in dict.fromkeys(_TEMPLATE.findall(code)):
            for address in (f"{module}{reference}{index}", f"{module}{reference}"):
                if address in self._types[side]:
                    return (self._types[side][address],)
        return ()


_TEMPLATE: Final = re.compile(r"aws_launch_(?:template|configuration)\.[^.\[]+")
