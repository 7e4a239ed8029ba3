"""Clusters, endpoints and buckets of a plan: one line for each that is created, changed or destroyed."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

from mlinfra.catalog import instance_types
from mlinfra.functions.contract import SPEND_BOUND, Tag
from mlinfra.operations.cost import HOURS_A_MONTH
from mlinfra.operations.review import costs
from mlinfra.operations.review.change import Change, Kind, items, number
from mlinfra.operations.review.escaping import listed, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlinfra.operations.review.costs import Cost, Fleet
    from mlinfra.operations.review.plan import Plan

_NOUNS: Final[Mapping[str, str]] = {
    "aws_autoscaling_group": "cluster",
    "aws_batch_compute_environment": "cluster",
    "aws_eks_node_group": "cluster",
    "aws_sagemaker_cluster": "cluster",
    "aws_sagemaker_endpoint": "endpoint",
    "aws_s3_bucket": "bucket",
}
_VERBS: Final[Mapping[Kind, str]] = {
    Kind.CREATE: "created",
    Kind.UPDATE: "changed",
    Kind.REPLACE: "replaced",
    Kind.REPLACE_CREATE_FIRST: "replaced",
    Kind.DESTROY: "destroyed",
    Kind.FORGET: "removed from the state",
}


def of(plan: Plan, today: date, cost: Cost) -> tuple[str, ...]:
    """One line for each cluster, endpoint and bucket that changes, in this order. Untrusted values are quoted.

    Args:
        plan: the plan.
        today: the present day.
        cost: its costs.
    """
    order = {"cluster": 0, "endpoint": 1, "bucket": 2}
    found = [
        change for change in plan.changes if change.type in _NOUNS and change.kind in _VERBS and not change.deposed
    ]
    fleets = costs.fleets(plan) if any(each.type in costs.PRICED for each in found) else {}
    found.sort(key=lambda each: (order[_NOUNS[each.type]], each.address))
    hourly: dict[str, float] = {}
    for line in cost.comparison.after.lines:
        if line.commitment:
            hourly[line.address] = hourly.get(line.address, 0.0) + line.usd_per_hour_high
    return tuple(_line(each, fleets.get(each.address, (None, None)), hourly.get(each.address), today) for each in found)


def _line(change: Change, fleets: tuple[Fleet | None, Fleet | None], usd_per_hour: float | None, today: date) -> str:
    noun = _NOUNS[change.type]
    name = change.name("name", "bucket", "node_group_name", "compute_environment_name", "cluster_name")
    before, after = fleets
    tags = _tags(change)
    details = [*_size(before, after), *_owner(tags)]
    if after and change.kind is not Kind.DESTROY and usd_per_hour:
        details += _until(usd_per_hour, tags, today)
    text = f"{noun.capitalize()} {name} is {_VERBS[change.kind]}"
    return f"{text}: {', '.join(details)}." if details else f"{text}."


def _size(before: Fleet | None, after: Fleet | None) -> Iterator[str]:
    """The nodes and accelerators, and their previous number if it changes."""
    old, new = (_nodes(each) for each in (before, after))
    if old and new and old != new:
        yield f"{new} (before: {old})"
    elif new or old:
        yield new or old


def _nodes(fleet: Fleet | None) -> str:
    if fleet is None or not fleet.types or fleet.most is None:
        return ""
    count = int(fleet.most)
    nodes = f"{count} x {listed(fleet.types, most=2)}"
    known = instance_types().get(fleet.types[0])
    if known is None or not known.accelerator_count:
        return nodes
    return f"{nodes}, {count * known.accelerator_count} x {known.accelerator.upper()}"


def _owner(tags: Mapping[str, Any]) -> Iterator[str]:
    for tag, word in ((Tag.OWNER, "owner"), ("Team", "team")):
        if tags.get(tag):
            yield f"{word} {quoted(tags[tag])}"
            return


def _until(usd_per_hour: float, tags: Mapping[str, Any], today: date) -> Iterator[str]:
    """The cost of the nodes until the experiment ends: all nodes, all day, unless its spend limit stops them before."""
    try:
        expires = date.fromisoformat(str(tags.get(Tag.EXPIRES)))
    except ValueError:
        yield f"up to {_at_most(usd_per_hour * HOURS_A_MONTH, tags)} a month"
        return
    # The last day is included.
    hours = max((expires - today).days + 1, 0) * 24
    yield f"up to {_at_most(usd_per_hour * hours, tags)} until {expires}"


def _at_most(usd: float, tags: Mapping[str, Any]) -> str:
    """The cost, or the part of it at which the cluster is stopped because of its spend limit, in words."""
    limit = number(tags.get(Tag.SPEND_LIMIT_USD))
    if limit is not None and 0 < limit * SPEND_BOUND < usd and tags.get(Tag.AUTO_STOP) == "true":
        return f"{limit * SPEND_BOUND:,.0f} USD ({SPEND_BOUND:.0%} of its spend limit, where it is stopped)"
    return f"{usd:,.0f} USD"


def _tags(change: Change) -> dict[str, Any]:
    """The tags after the plan, or before it for a resource that is destroyed."""
    value_of = change.old if change.kind in {Kind.DESTROY, Kind.FORGET} else change.new
    blocks = {str(each.get("key")): each.get("value") for each in items(value_of("tag")) if isinstance(each, dict)}
    named = value_of("tags_all")
    found = {**(named if isinstance(named, dict) else {}), **blocks}
    return {} if change.is_sensitive("tags_all") or change.is_sensitive("tag") else found
