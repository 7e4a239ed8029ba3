"""The capacity of a synthesized stack, read from its Terraform JSON.

A pipeline plans stacks that another job synthesized from unreviewed code: only values of the expected form are used.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from mlinfra.catalog import aws_regions, instance_types
from mlinfra.functions.contract import Tag
from mlinfra.operations.cost import read_stack
from mlinfra.operations.preflight.demand import Demand

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlinfra.operations.cost import Resource, Stack
    from mlinfra.operations.preflight.demand import Purchase

_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,63}")
_OWNER: Final = re.compile(r"[\w.+@-]{1,254}", re.ASCII)
_RESERVATION: Final = re.compile(r"cr-[0-9a-f]{8,17}")
_MOST_NODES: Final = 10_000
_ALL_ZONES: Final = 99
_DISTRIBUTION: Final = "mixed_instances_policy.instances_distribution"


@dataclass(frozen=True)
class SynthesizedPlace:
    """The environment of a synthesized stack."""

    name: str
    project: str
    region: str
    today: date | None
    availability_zones: int = _ALL_ZONES
    """The zones of the network are unknown; the plan itself checks them."""


def synthesized_capacity(folder: Path, *, today: date | None) -> tuple[SynthesizedPlace, tuple[Demand, ...]] | None:
    """The capacity of the stack in `folder`, with its environment. None: it has no cluster and no queue of mlinfra.

    Args:
        folder: the folder with `cdk.tf.json`.
        today: the present day.

    Raises:
        OperationError: if the stack cannot be read.
    """
    stack = read_stack(folder)
    found = [*_clusters(stack), *_queues(stack)]
    if not found or stack.region not in aws_regions():
        return None
    tags = found[0][0].tags
    name, project = tags.get(Tag.ENVIRONMENT, ""), tags.get(Tag.PROJECT, "")
    if not (_NAME.fullmatch(name) and _NAME.fullmatch(project)):
        return None
    return SynthesizedPlace(name, project, stack.region, today), tuple(demand for _, demand in found)


def _clusters(stack: Stack) -> Iterator[tuple[Resource, Demand]]:
    for group in stack.of_type("aws_autoscaling_group"):
        name, templates = group.tags.get(Tag.EXPERIMENT, ""), stack.related(group, "aws_launch_template")
        if not (_NAME.fullmatch(name) and templates):
            continue
        template = templates[0]
        overrides = [
            each.get("instance_type") for each in group.blocks("mixed_instances_policy.launch_template.override")
        ]
        types = _known([*overrides] if overrides else [template.get("instance_type")])
        purchase = _purchase(group, template)
        # The size of a group in a Capacity Block depends on the time of the apply.
        nodes = _count(group.tags.get(Tag.NODES) if purchase == "block" else group.number("max_size"))
        reservation = template.text(
            "capacity_reservation_specification.capacity_reservation_target.capacity_reservation_id"
        )
        if not types or not nodes:
            continue
        yield (
            group,
            Demand(
                name=name,
                kind="experiment",
                owner=_matching(_OWNER, group.tags.get(Tag.OWNER)) or "unknown",
                instance_types=types,
                nodes=nodes,
                purchase=purchase,
                on_demand_nodes=min(_count(group.number(f"{_DISTRIBUTION}.on_demand_base_capacity")), nodes)
                if purchase == "spot"
                else 0,
                max_usd_per_hour=group.number(f"{_DISTRIBUTION}.spot_max_price") if purchase == "spot" else None,
                expires=_date(group.tags.get(Tag.EXPIRES)),
                reservation_id=_matching(_RESERVATION, reservation) if purchase in {"reservation", "block"} else None,
            ),
        )


def _queues(stack: Stack) -> Iterator[tuple[Resource, Demand]]:
    """The compute environments of queues. The maximum of their vCPUs gives the number of nodes."""
    for environment in stack.of_type("aws_batch_compute_environment"):
        name = environment.tags.get("Queue", "")
        given = environment.get("compute_resources.instance_type")
        types = _known(given if isinstance(given, list) else [])
        if not (_NAME.fullmatch(name) and types):
            continue
        is_spot = environment.text("compute_resources.type") == "SPOT"
        vcpus = environment.number("compute_resources.max_vcpus") or 0
        yield (
            environment,
            Demand(
                name=name,
                kind="queue",
                owner=_matching(_OWNER, environment.tags.get(Tag.OWNER)) or "unknown",
                instance_types=types,
                nodes=_count(math.ceil(vcpus / instance_types()[types[0]].vcpu)),
                purchase="spot" if is_spot else "on_demand",
            ),
        )


def _purchase(group: Resource, template: Resource) -> Purchase:
    if template.text("instance_market_options.market_type") == "capacity-block":
        return "block"
    if template.blocks("capacity_reservation_specification.capacity_reservation_target"):
        return "reservation"
    return "spot" if group.blocks("mixed_instances_policy") else "on_demand"


def _known(values: list[object]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for each in values if isinstance(each, str) and each in instance_types()))


def _count(value: object) -> int:
    """A number of nodes. 0: unknown."""
    if isinstance(value, str):
        value = int(value) if value.isascii() and value.isdecimal() and len(value) < len(str(_MOST_NODES)) else 0
    return min(int(value), _MOST_NODES) if isinstance(value, int | float) and value > 0 else 0


def _matching(pattern: re.Pattern[str], value: str | None) -> str | None:
    return value if value is not None and pattern.fullmatch(value) else None


def _date(value: str | None) -> date | None:
    try:
        return date.fromisoformat(value or "")
    except ValueError:
        return None
