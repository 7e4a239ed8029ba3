"""Monthly costs of a plan before and after, at the prices of its region.

A review does not use the agreed prices and assumptions of an environment: they could be changed together with a plan,
and lower a cost that must be approved. A price that is not in the catalog is unknown, never 0.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mlinfra.operations.cost import Comparison, Estimate, estimate_stack
from mlinfra.operations.review import planned_resources, references
from mlinfra.operations.review.change import Change, Kind, Mark, items, number

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from mlinfra.declarations import Environment
    from mlinfra.operations.cost import Line
    from mlinfra.operations.review.plan import Plan

PRICED: Final = frozenset({"aws_autoscaling_group", "aws_eks_node_group", "aws_instance"})
"""Types of groups of instances, and single instances."""


class Usd(NamedTuple):
    """An amount in USD per month."""

    usual: float
    """At the low end: at the desired number of nodes and minimum capacities."""
    most: float
    """At the high end: at the maximum number of nodes and capacities."""


@dataclass(frozen=True)
class Cost:
    """Monthly costs of one plan, as far as prices are known."""

    before: Usd
    after: Usd
    unknown: tuple[tuple[str, str], ...] = field(default=())
    """Addresses of resources without a known price, each with the reason."""
    increases: tuple[tuple[str, float], ...] = field(default=())
    """Addresses of groups and instances that get more expensive, each with the increase at its maximum size, in USD per
    month."""
    instances: tuple[Usd, Usd] = (Usd(0, 0), Usd(0, 0))
    """The part of groups and instances before and after."""
    comparison: Comparison = field(default_factory=lambda: Comparison(Estimate(), Estimate()))
    """The estimates before and after."""

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


def cost(plan: Plan, today: date, environment: Environment | None = None) -> Cost:
    """Calculate the monthly costs of the resources of `plan`, before and after.

    Args:
        plan: the plan.
        today: the first day of the month.
        environment: the environment whose assumptions and agreed prices count. Default: the default assumptions and
            list prices, as in a review.
    """
    stacks = planned_resources.stacks(plan)
    before, after = (estimate_stack(stack, environment, today=today) for stack in stacks)
    by_address: dict[str, float] = {}
    for estimate, sign in ((before, -1), (after, 1)):
        for line in estimate.lines:
            if line.type in PRICED:
                by_address[line.address] = by_address.get(line.address, 0.0) + sign * line.usd_per_month_high
    unknown = {each.address: each.reason for estimate in (before, after) for each in estimate.unpriced}
    return Cost(
        _usd(before.lines),
        _usd(after.lines),
        tuple(sorted(unknown.items())),
        tuple((address, usd) for address, usd in by_address.items() if usd > 0),
        instances=(_of_instances(before), _of_instances(after)),
        comparison=Comparison(before, after),
    )


def _of_instances(estimate: Estimate) -> Usd:
    return _usd(line for line in estimate.lines if line.type in PRICED)


def _usd(lines: Iterable[Line]) -> Usd:
    given = list(lines)
    return Usd(
        math.fsum(line.usd_per_month_low for line in given), math.fsum(line.usd_per_month_high for line in given)
    )


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
