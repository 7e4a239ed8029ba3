"""Items of an audit: each resource with its parts, its manager, its cost, its use and its owner."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

from mlinfra.functions.contract import Tag
from mlinfra.operations.audit.accelerators import accelerators_of
from mlinfra.operations.audit.classification import Verdict, classify
from mlinfra.operations.audit.costing import BilledCharge, Cost, cost_of
from mlinfra.operations.audit.item import Item
from mlinfra.operations.audit.ownership import owner_of
from mlinfra.operations.audit.readers.s3 import size_charge
from mlinfra.operations.audit.usage import Usage, idle_reason, unrequested_reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mlinfra.operations.audit.declared import Declared
    from mlinfra.operations.audit.found import Found
    from mlinfra.operations.audit.item import Condition
    from mlinfra.operations.audit.launchers import Launcher
    from mlinfra.operations.audit.ownership import People
    from mlinfra.operations.audit.states import States

Key = tuple[str, str, str]
"""Region, kind and id."""

GROUP: Final = "instance-group"
"""The kind of several instances that were launched together, or have the same name."""

_CLUSTER_TAGS: Final = (
    "skypilot-cluster-name",
    "ray-cluster-name",
    "parallelcluster:cluster-name",
    "aws:ec2:fleet-id",
    "aws:ec2spot:fleet-request-id",
    "aws:cloudformation:stack-name",
)
_RANK: Final = re.compile(r"[-_ .]?\d{1,4}$", re.ASCII)
"""The number of a node at the end of a name."""


@dataclass
class Unit:
    """A resource, or a group of instances, that is one item."""

    heads: list[Found]
    """The resource. Of a group of instances: all instances."""
    verdict: Verdict
    parts: list[Found] = field(default_factory=list)
    """Resources that are counted with it, such as the instances of a group and their volumes."""

    @property
    def head(self) -> Found:
        """The resource, or the first instance of a group."""
        return self.heads[0]

    @property
    def all(self) -> list[Found]:
        """The resource with its parts."""
        return [*self.heads, *self.parts]

    @property
    def instances(self) -> list[Found]:
        """Its instances in EC2."""
        return [each for each in self.all if each.kind == "instance"]

    @property
    def launched(self) -> datetime | None:
        """The launch of its oldest instance. Without instances, its creation."""
        times = [each.launched for each in self.instances or self.heads if each.launched]
        return min(times, default=None)


def units_of(found: Sequence[Found], states: States, declared: Declared) -> list[Unit]:
    """Assign each resource to the unit that it is counted with. No resource is counted twice.

    Args:
        found: all resources of all regions.
        states: the resources of all states.
        declared: the resources that the code declares.
    """
    resources = {each.key: each for each in found if each.kind != "security-group"}
    parts: dict[Key, list[Found]] = defaultdict(list)
    roots: list[Found] = []
    for each in resources.values():
        root = _root(each, resources)
        if root is each:
            roots.append(each)
        else:
            parts[root.key].append(each)
    units = [Unit([each], classify(each, states, declared), parts[each.key]) for each in roots]
    return list(_with_groups(units))


def _root(each: Found, resources: Mapping[Key, Found]) -> Found:
    root, seen = each, {each.key}
    while (parent := _parent(root, resources)) is not None:
        if parent.key in seen:
            return each  # parts of each other are counted separately
        seen.add(parent.key)
        root = parent
    return root


def _parent(each: Found, resources: Mapping[Key, Found]) -> Found | None:
    if each.part_of:
        # Without its parent, as after a failed request, it is counted itself.
        return resources.get((each.region, *each.part_of))
    if each.kind == "auto-scaling-group" and each.creator:
        # Batch names the group of a compute environment NAME-asg-UUID (observed; the name is not documented). With
        # another name, the group is counted itself.
        name = each.id.partition("-asg-")[0]
        return resources.get((each.region, "compute-environment", name))
    return None


def _with_groups(units: Sequence[Unit]) -> Iterator[Unit]:
    """Combine instances that work together: one cluster is one item, however it was launched."""
    groups: dict[tuple[str, ...], list[Unit]] = defaultdict(list)
    for each in units:
        group = _group_of(each)
        if group is None:
            yield each
        else:
            groups[group].append(each)
    for some in groups.values():
        first = some[0]
        heads = [head for each in some for head in each.heads]
        yield Unit(heads, first.verdict, [part for each in some for part in each.parts])


def _group_of(unit: Unit) -> tuple[str, ...] | None:
    """The group of a standalone instance. None: the unit is not one."""
    head, verdict = unit.head, unit.verdict
    if head.kind != "instance":
        return None
    manager = verdict.manager.partition("[")[0]
    common = (head.region, verdict.classification, manager)
    for tag in _CLUSTER_TAGS:
        if tag in head.tags:
            return (*common, tag, head.tags[tag])
    if head.name:
        return (*common, "name", _RANK.sub("", head.name) or head.name)
    return (*common, "reservation", head.hints.get("reservation", head.id))


@dataclass(frozen=True)
class Context:
    """Facts from other sources, by resource."""

    usage: Mapping[Key, Usage]
    launchers: Mapping[tuple[str, str], Launcher]
    people: People
    open_ports: Mapping[tuple[str, str], Sequence[str]]
    """The ports that a security group opens to all addresses, by region and group."""
    now: datetime


def cost_of_unit(unit: Unit, usage: Mapping[Key, Usage], now: datetime) -> Cost:
    """The cost of a unit, with the size of buckets from `usage`."""
    charges = [BilledCharge(charge, each.region, each.launched) for each in unit.all for charge in each.charges]
    if unit.head.kind == "bucket" and unit.head.key in usage:
        size = usage[unit.head.key].maximum("bytes")
        if size is not None:
            charges.append(BilledCharge(size_charge(size), unit.head.region, None))
    return cost_of(charges, now)


def item_of(unit: Unit, cost: Cost, context: Context) -> Item:
    """The item of a unit.

    Args:
        unit: the unit.
        cost: its cost.
        context: facts from other sources.
    """
    head, instances = unit.head, unit.instances
    is_group = len(unit.heads) > 1
    tags = _common_tags(unit.heads)
    launcher = context.launchers.get((head.region, lookup_id(unit)))
    names = [name for name in (head.name, head.id) if name]
    hints = head.hints or next((each.hints for each in instances if each.hints), {})
    owner = owner_of(tags, names, hints, launcher, context.people)
    conditions, reasons = _conditions(unit, tags, context)
    usages = [context.usage[each.key] for each in instances if each.key in context.usage]
    types = dict.fromkeys(each.instance_type for each in unit.all if each.instance_type)
    charged = [charge for charge in head.charges if charge.component]
    return Item(
        region=head.region,
        service=head.service,
        kind=GROUP if is_group else head.kind,
        id=head.id,
        name=(_RANK.sub("", head.name) if is_group else head.name) or head.id,
        state=_state(unit),
        launched=unit.launched,
        launched_by=launcher.name if launcher else "",
        usd_per_month=cost.usd_per_month,
        usd_so_far=cost.usd_so_far,
        gpu_utilization=max((v for each in usages if (v := each.maximum("gpu")) is not None), default=None),
        owner=owner.name,
        owner_evidence=owner.evidence,
        classification=unit.verdict.classification,
        problems=tuple(dict.fromkeys((*_problems(unit, context), *reasons))),
        conditions=conditions,
        owner_is_certain=owner.is_certain,
        manager=unit.verdict.manager,
        arn=head.arn,
        members=tuple(each.id for each in instances) if is_group or head.kind != "instance" else (),
        instance_types=tuple(sorted({*types, *(charge.item for charge in charged)})),
        nodes=len(instances) + int(sum(charge.quantity for charge in charged)),
        accelerators=sum(accelerators_of(each.instance_type) for each in instances)
        + int(sum(accelerators_of(charge.item) * charge.quantity for charge in charged)),
        cpu_utilization=max((v for each in usages if (v := each.maximum("cpu")) is not None), default=None),
        cost_basis=cost.basis,
        tags=tags,
    )


def lookup_id(unit: Unit) -> str:
    """The id by which CloudTrail's events name the resource."""
    return unit.head.id.rpartition(":")[2] if unit.head.kind == "node-group" else unit.head.id


def _common_tags(heads: Sequence[Found]) -> dict[str, str]:
    """The tags that all instances of a group have in common."""
    first, *others = heads
    return {key: value for key, value in first.tags.items() if all(each.tags.get(key) == value for each in others)}


def _state(unit: Unit) -> str:
    if len(unit.heads) == 1:
        return unit.head.state
    states = sorted({each.state for each in unit.heads})
    counts = ", ".join(f"{sum(each.state == state for each in unit.heads)} {state}" for state in states)
    return states[0] if len(states) == 1 else counts


def _conditions(unit: Unit, tags: Mapping[str, str], context: Context) -> tuple[tuple[Condition, ...], list[str]]:
    """The conditions of a unit, and the reasons for them."""
    conditions: list[Condition] = []
    reasons = []
    expires = _day(tags.get(Tag.EXPIRES, ""))
    if expires and expires < context.now.date() and (unit.instances or unit.head.kind != "auto-scaling-group"):
        conditions.append("expired")
        reasons.append(f"It expired on {expires}.")
    running = [each for each in unit.instances if each.state == "running"]
    usages = [context.usage.get(each.key, Usage()) for each in running]
    idle = idle_reason(usages, has_accelerators=any(accelerators_of(each.instance_type) for each in running))
    if unit.head.kind == "endpoint":
        idle = unrequested_reason(context.usage.get(unit.head.key), unit.head.launched, context.now)
    if idle:
        conditions.append("idle")
        reasons.append(idle)
    if unit.head.is_unattached:
        conditions.append("unattached")
    return tuple(conditions), reasons


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _problems(unit: Unit, context: Context) -> Iterator[str]:
    if unit.verdict.problem:
        yield unit.verdict.problem
    yield from _exposure(unit, context)
    by_problem: dict[str, int] = defaultdict(int)
    for each in unit.all:
        for problem in each.problems:
            by_problem[problem] += 1
    for problem, count in by_problem.items():
        yield problem if count == 1 else f"{problem.rstrip('.')} ({count} times)."


def _exposure(unit: Unit, context: Context) -> Iterator[str]:
    """Public addresses of instances, with the ports that are open to the internet."""
    by_ports: dict[tuple[str, ...], list[Found]] = defaultdict(list)
    for each in unit.all:
        if each.public_address:
            groups = (context.open_ports.get((each.region, group), ()) for group in each.security_groups)
            by_ports[tuple(dict.fromkeys(port for some in groups for port in some))].append(each)
    for ports, exposed in by_ports.items():
        first = exposed[0].public_address
        subject = (
            f"{exposed[0].id} has the public address {first}"
            if len(exposed) == 1
            else f"{len(exposed)} instances have public addresses, such as {first}"
        )
        yield f"{subject}, with ports open to the internet: {', '.join(ports)}." if ports else f"{subject}."
