"""EC2 instances: groups, single ones, and those of EKS and Batch."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Final, NamedTuple

from mlinfra.catalog import NoOffer, by_name
from mlinfra.declarations import EC2_CODE, Missing, Price
from mlinfra.functions.contract import SPEND_BOUND, Tag
from mlinfra.operations.cost.estimate import HOURS_A_MONTH
from mlinfra.operations.cost.formulas.volumes import template_volumes, volume
from mlinfra.operations.cost.parts import ALL_MONTH, Part, Span, hourly, joined, monthly, whole
from mlinfra.operations.cost.resources import blocks, items, number, secrecy, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mlinfra.operations.cost.context import Context
    from mlinfra.operations.cost.parts import Found
    from mlinfra.operations.cost.resources import Resource

ON_DEMAND, SPOT, BLOCK, RESERVATION = "on-demand", "spot", "capacity-block", "reservation"
_DETAILED_METRICS: Final = 7
"""The metrics of detailed monitoring that are billed for an instance. Source: Amazon CloudWatch pricing page, "EC2
detailed monitoring", read 2026-11-29."""
_ENDS_EARLY: Final = timedelta(minutes=30)
"""The time before the end of a Capacity Block at which EC2 terminates instances (see
mlinfra/constructs/training/capacity_block_schedule.py)."""
_ALL_ON_DEMAND: Final = 100
"""The default share of on-demand instances above the base, in percent. Source: EC2 Auto Scaling API reference,
InstancesDistribution, read 2026-11-29."""
_ENDS = ("low", "high")
_SEVERAL_TYPES = "of several instance types, low: the cheapest, high: the most expensive"


class _Nodes(NamedTuple):
    """The nodes of a group."""

    types: tuple[str, ...]
    size: Span
    hours: Span
    assumption: str
    spot_max: float | None = None
    """The declared highest price of a spot node, in USD per hour."""
    spot_percent: float | None = None
    """The highest price of a spot node, in percent of the on-demand price."""


def group(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_autoscaling_group`: its nodes, their volumes and metrics."""
    count = _size(resource)
    if isinstance(count, Missing):
        yield count
        return
    if count.high == 0:
        yield hourly("nodes", Price(0, EC2_CODE, "the size is 0", ""), count=count)
        return
    templates = at.stack.related(resource, "aws_launch_template", "aws_launch_configuration")
    template = templates[0] if templates else None
    types = _types(resource, template)
    if isinstance(types, Missing):
        yield types
        return
    tenancy = template and _tenancy(template.get("placement.tenancy"), template.get("placement_tenancy"))
    if tenancy:
        yield tenancy
        return
    market = (template and template.text("instance_market_options.market_type")) or ""
    hours, assumption = at.hours(resource)
    # By the launch template: a tag alone changes no bill.
    if market == BLOCK:
        nodes = number(resource.tags.get(Tag.NODES)) or count.high
        count = Span(nodes, nodes)
        hours, assumption = _block_hours(resource, at)
        yield from _block(resource, _Nodes(types, count, hours, assumption), at)
    else:
        spot_max = number(resource.get(f"{_DISTRIBUTION}.spot_max_price"))
        if market == SPOT and template:
            spot_max = number(template.get("instance_market_options.spot_options.max_price"))
        nodes_ = _Nodes(types, count, hours, assumption, spot_max)
        on_demand, commitment = _on_demand_count(resource, count, market), _commitment(template)
        found = tuple(_purchase(nodes_, on_demand, at, commitment))
        limited = _limited(nodes_, found, number(resource.tags.get(Tag.SPEND_LIMIT_USD)))
        if limited is not nodes_:
            # The high end of the hours belongs to the high price, and can be the smaller number.
            hours, assumption = Span(min(limited.hours), max(limited.hours)), limited.assumption
            found = tuple(_purchase(limited, on_demand, at, commitment))
        yield from found
    if template:
        yield from template_volumes(at, template, count=count, hours=hours, assumption=assumption)
    if template and _is_monitored(template):
        custom = at.assumptions.custom_metrics_per_node
        quantity = Span(count.low * (_DETAILED_METRICS + custom), count.high * (_DETAILED_METRICS + custom))
        words = f"{_DETAILED_METRICS} metrics of detailed monitoring and {custom:g} of the node's agent; {assumption}"
        price = at.prices.service("cloudwatch", "custom_metric_first_10000")
        yield monthly("metrics of nodes", price, quantity, "metric-months", hours=hours, assumption=words.strip("; "))


def _limited(nodes: _Nodes, found: Sequence[Found], limit: float | None) -> _Nodes:
    """The nodes with the hours after which the spend limit of their cluster stops them, even if they are busy.

    The limit counts from the start of the cluster, so that no month costs more.
    """
    if limit is None:
        return nodes
    bound = limit * SPEND_BOUND
    month = Span(*(math.fsum(getattr(each.month, end) for each in found if isinstance(each, Part)) for end in _ENDS))
    if month.high <= bound:
        return nodes
    hours = Span(*(each * min(1.0, bound / usd) if usd else each for each, usd in zip(nodes.hours, month, strict=True)))
    words = f"at {SPEND_BOUND:.0%} of its spend limit of {limit:,.0f} USD, from its start to its end, it is stopped"
    return nodes._replace(hours=hours, assumption=joined(nodes.assumption, words))


def _is_monitored(template: Resource) -> bool:
    """True if nodes have detailed monitoring: by default those of launch configurations, and not those of templates."""
    if template.type == "aws_launch_configuration":
        return template.get("enable_monitoring") in {None, True, "true"}
    return template.get("monitoring.enabled") in {True, "true"}


def _tenancy(*values: object) -> Missing | None:
    """The reason why the price of an instance is unknown: it is not on shared hardware."""
    found = next((each for each in values if each in {"dedicated", "host"}), None)
    return Missing(f"no price of the tenancy {found}") if found else None


_DISTRIBUTION: Final = "mixed_instances_policy.instances_distribution"


def _size(resource: Resource) -> Span | Missing:
    most = resource.number("max_size")
    wanted = resource.number("desired_capacity")
    if wanted is None:
        # A value that is computed by the time of the apply, such as that of a Capacity Block.
        wanted = resource.number("min_size")
    if most is None or wanted is None:
        return Missing("the number of nodes is unknown")
    return Span(min(wanted, most), most)


def _types(resource: Resource, template: Resource | None) -> tuple[str, ...] | Missing:
    overrides = blocks(resource.get("mixed_instances_policy.launch_template.override"))
    named = [each.get("instance_type") for each in overrides]
    if any(named):
        types = [text(each) for each in named]
        return tuple(map(str, types)) if all(types) else Missing("the instance type is unknown")
    if template is None:
        return Missing("the launch template is not part of the stack, so that the instance type is unknown")
    given = template.get("instance_type")
    if text(given) is None:
        return Missing(f"the instance type is {secrecy(given)}")
    return (str(given),)


def _on_demand_count(resource: Resource, count: Span, market: str) -> Span:
    """The number of on-demand nodes among `count`."""
    if market == SPOT:
        return Span(0, 0)
    if not blocks(resource.get("mixed_instances_policy")):
        return count
    base = resource.number(f"{_DISTRIBUTION}.on_demand_base_capacity") or 0
    percent = resource.number(f"{_DISTRIBUTION}.on_demand_percentage_above_base_capacity")
    share = (_ALL_ON_DEMAND if percent is None else percent) / 100
    low, high = (min(each, base + whole(max(0.0, each - base) * share)) for each in count)
    return Span(low, high)


def _commitment(template: Resource | None) -> str:
    target = "capacity_reservation_specification.capacity_reservation_target"
    return RESERVATION if template and blocks(template.get(target)) else ON_DEMAND


def _purchase(nodes: _Nodes, on_demand: Span, at: Context, commitment: str) -> Iterator[Found]:
    """The cost of nodes on demand and on spot capacity."""
    if on_demand.high > 0:
        yield _on_demand(nodes, on_demand, at, commitment)
    spot = Span(nodes.size.low - on_demand.low, nodes.size.high - on_demand.high)
    if spot.high > 0:
        yield _spot(nodes, spot, at)


def _on_demand(nodes: _Nodes, count: Span, at: Context, commitment: str) -> Found:
    bounds = _bounds([at.prices.on_demand(each) for each in nodes.types])
    covered = _bounds([at.prices.covered(each) for each in nodes.types])
    if isinstance(bounds, Missing):
        return bounds
    low = bounds[0] if isinstance(covered, Missing) else covered[0]
    words = joined(nodes.assumption, _SEVERAL_TYPES if len(set(nodes.types)) > 1 else "")
    return hourly(
        f"{commitment} nodes ({', '.join(dict.fromkeys(nodes.types))})",
        low,
        high=bounds[1],
        count=count,
        hours=nodes.hours,
        assumption=words,
        commitment=commitment,
    )


def _spot(nodes: _Nodes, count: Span, at: Context) -> Found:
    lows: list[Price | Missing] = []
    highs: list[Price | Missing] = []
    words = [nodes.assumption]
    for name in nodes.types:
        on_demand, spot = at.prices.on_demand(name), at.prices.spot(name)
        if isinstance(spot, Missing):
            # EC2 never charges more than the on-demand price, unless a higher one is declared.
            lows.append(on_demand)
            highs.append(on_demand)
            words.append(f"{spot.reason}: the on-demand price is assumed")
            continue
        limit = nodes.spot_max
        if nodes.spot_percent is not None and isinstance(on_demand, Price):
            limit = on_demand.usd * nodes.spot_percent / 100
        lows.append(_at_most(spot.low, limit))
        highs.append(_at_most(spot.high, limit))
    low, high = _bounds(lows), _bounds(highs)
    if isinstance(low, Missing):
        return low
    if isinstance(high, Missing):
        return high
    return hourly(
        f"spot nodes ({', '.join(dict.fromkeys(nodes.types))})",
        low[0],
        high=high[1],
        count=count,
        hours=nodes.hours,
        assumption=joined(*words, "low: the lowest spot price, high: the highest"),
        commitment=SPOT,
    )


def _at_most(price: Price, limit: float | None) -> Price:
    return price if limit is None or price.usd <= limit else replace(price, usd=limit, note="the declared limit")


def _bounds(prices: Sequence[Price | Missing]) -> tuple[Price, Price] | Missing:
    """The lowest and the highest price. `Missing` if one is unknown, since nodes can be of any type."""
    missing = [each for each in prices if isinstance(each, Missing)]
    if missing:
        return Missing(", ".join(dict.fromkeys(each.reason for each in missing)))
    known = [each for each in prices if isinstance(each, Price)]
    return min(known, key=lambda each: each.usd), max(known, key=lambda each: each.usd)


def _block(resource: Resource, nodes: _Nodes, at: Context) -> Iterator[Found]:
    declared = number(resource.tags.get(Tag.NODE_USD_PER_HOUR))
    price: Price | Missing = at.prices.block(nodes.types[0])
    if declared is not None:
        price = Price(declared, EC2_CODE, "the declared price of the Capacity Block", "", note="the declared price")
    yield hourly(
        f"nodes in a Capacity Block ({nodes.types[0]})",
        price,
        count=nodes.size,
        hours=nodes.hours,
        assumption=joined("paid in advance, for all hours of the block", nodes.assumption),
        commitment=BLOCK,
    )


def _block_hours(resource: Resource, at: Context) -> tuple[Span, str]:
    """The hours of the next 730 that are in the Capacity Block of a group, by its scheduled actions."""
    moments: dict[bool, list[datetime]] = {True: [], False: []}
    for each in at.stack.referring(resource, "aws_autoscaling_schedule"):
        begins = (each.number("desired_capacity") or 0) > 0
        moments[begins] += _yearly(each.text("recurrence") or "", at.start.year)
    start, month = at.start, timedelta(hours=HOURS_A_MONTH)
    ends = sorted(each + _ENDS_EARLY for each in moments[False])
    for begin in sorted(moments[True]):
        end = next((each for each in ends if each > begin), None)
        if end is not None and end > start:
            seconds = (min(end, start + month) - max(begin, start)).total_seconds()
            hours = max(0.0, seconds / 3600)
            return Span(hours, hours), f"the hours from {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
    return ALL_MONTH, "all hours, since the times of the block are unknown"


def _yearly(recurrence: str, year: int) -> list[datetime]:
    """The times of a yearly cron expression in the years around `year`."""
    found = re.fullmatch(r"(\d+) (\d+) (\d+) (\d+) \*", recurrence)
    if not found:
        return []
    minute, hour, day, month = map(int, found.groups())
    moments = []
    for each in (year - 1, year, year + 1):
        try:
            moments.append(datetime(each, month, day, hour, minute, tzinfo=timezone.utc))
        except ValueError:  # February 29th
            continue
    return moments


def instance(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_instance` and `aws_spot_instance_request`."""
    templates = at.stack.related(resource, "aws_launch_template")
    given = resource.get("instance_type")
    if given is None and templates:
        given = templates[0].get("instance_type")
    kind = text(given)
    count = Span(resource.count, resource.count)
    if kind is None:
        yield Missing(f"the instance type is {secrecy(given)}")
        return
    tenancy = _tenancy(resource.get("tenancy"))
    if tenancy:
        yield tenancy
        return
    hours, assumption = at.hours(resource)
    is_spot = resource.type == "aws_spot_instance_request" or (
        resource.text("instance_market_options.market_type") == SPOT
    )
    spot_max = number(resource.get("spot_price")) or number(
        resource.get("instance_market_options.spot_options.max_price")
    )
    nodes = _Nodes((kind,), count, hours, assumption, spot_max)
    yield from _purchase(nodes, Span(0, 0) if is_spot else count, at, ON_DEMAND)
    for name, item in (("root_block_device", "root volume"), ("ebs_block_device", "data volumes")):
        for values in resource.blocks(name):
            if number(values.get("volume_size")) is not None:
                yield from volume(at, values, item, count=count, hours=hours, assumption=assumption)


def node_group(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_eks_node_group`."""
    given = items(resource.get("instance_types"))
    types = tuple(str(each) for each in given if text(each))
    least, most = (resource.number(f"scaling_config.{each}_size") for each in ("desired", "max"))
    if not types or len(types) != len(given):
        yield Missing("the instance type is unknown")
        return
    if least is None or most is None:
        yield Missing("the number of nodes is unknown")
        return
    count = Span(min(least, most), most)
    on_demand = Span(0, 0) if resource.text("capacity_type") == "SPOT" else count
    yield from _purchase(_Nodes(types, count, *at.hours(resource)), on_demand, at, ON_DEMAND)


def batch(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_batch_compute_environment`: its minimum all month, its maximum for the assumed hours."""
    least, most = (resource.number(f"compute_resources.{each}_vcpus") for each in ("min", "max"))
    kind = resource.text("compute_resources.type") or ""
    types = [str(each) for each in items(resource.get("compute_resources.instance_type"))]
    if kind.startswith("FARGATE") or not types or any("." not in each for each in types):
        yield Missing(f"Batch chooses the instances of the compute environment ({', '.join(types) or kind})")
        return
    if most is None:
        yield Missing("the maximum of vCPUs is unknown")
        return
    try:
        vcpus = [by_name(each).instance_type.vcpu for each in types]
    except NoOffer as answer:
        yield Missing(str(answer))
        return
    least = least or 0
    count = Span(whole(least / max(vcpus)), whole(most / min(vcpus)))
    busy = at.assumptions.queue_hours_per_month
    always = count.low * HOURS_A_MONTH / count.high if count.high else 0
    hours = Span(HOURS_A_MONTH, max(busy, always))
    percent = resource.number("compute_resources.bid_percentage")
    words = f"low: its minimum of {least:g} vCPUs; high: its maximum of {most:g} vCPUs for {busy:g} hours a month"
    nodes = _Nodes(tuple(types), count, hours, words, spot_percent=percent)
    yield from _purchase(nodes, Span(0, 0) if kind == "SPOT" else count, at, ON_DEMAND)


def reservation(resource: Resource, at: Context) -> Iterator[Found]:
    """`aws_ec2_capacity_reservation`: paid for whether it is used or not."""
    kind, count = resource.text("instance_type"), resource.number("instance_count")
    if kind is None or count is None:
        yield Missing("the instance type or the number of instances is unknown")
        return
    yield hourly(
        f"reserved capacity ({kind})",
        at.prices.on_demand(kind),
        count=Span(count, count),
        assumption="paid for whether it is used or not; instances that use it cost no more",
        commitment=RESERVATION,
    )


FORMULAS = {
    "aws_autoscaling_group": group,
    "aws_batch_compute_environment": batch,
    "aws_ec2_capacity_reservation": reservation,
    "aws_eks_node_group": node_group,
    "aws_instance": instance,
    "aws_spot_instance_request": instance,
}
