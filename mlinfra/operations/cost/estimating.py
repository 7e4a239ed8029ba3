"""Estimates of stacks: every resource by the formula of its type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mlinfra.declarations import LAKE_BUCKETS, CostAssumptions, Missing, Prices
from mlinfra.errors import OperationError
from mlinfra.functions.contract import Tag
from mlinfra.operations.cost.context import Context
from mlinfra.operations.cost.estimate import Estimate, Line, Unpriced, together
from mlinfra.operations.cost.formulas import instances, managed, network, sagemaker, storage, volumes
from mlinfra.operations.cost.free import reason_of, without_formula
from mlinfra.operations.cost.parts import Part, joined
from mlinfra.operations.cost.resources import read_stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from mlinfra.declarations import Environment
    from mlinfra.operations.cost.parts import Found
    from mlinfra.operations.cost.resources import Resource, Stack

FORMULAS: Final[Mapping[str, Callable[[Resource, Context], Iterator[Found]]]] = {
    **instances.FORMULAS,
    **managed.FORMULAS,
    **network.FORMULAS,
    **sagemaker.FORMULAS,
    **storage.FORMULAS,
    **volumes.FORMULAS,
}
"""The formula of each type of resource. It yields nothing for a resource that is free."""
RELATED_TYPES: Final = frozenset(
    {
        "aws_appautoscaling_target",
        "aws_autoscaling_schedule",
        "aws_flow_log",
        "aws_launch_configuration",
        "aws_launch_template",
        "aws_s3_bucket_lifecycle_configuration",
        "aws_sagemaker_domain",
        "aws_sagemaker_endpoint_configuration",
    }
)
"""Types of resources that formulas of other types read."""
_NO_REGION: Final = "us-east-1"
_TEAM, _COST_CENTER = "Team", "CostCenter"


def is_priced(type_: str) -> bool:
    """True if resources of a type have a formula, or are not known to be free."""
    return type_ in FORMULAS or reason_of(type_) is None


def estimate_stacks(folder: Path, environments: Iterable[Environment], *, today: date) -> Estimate:
    """Estimate the cost of synthesized stacks in the 730 hours from the beginning of a day.

    Args:
        folder: the folder with `stacks/NAME/cdk.tf.json`, as `mlinfra synth` and cdktf write it.
        environments: the declared environments, with their assumptions. A stack of another environment is estimated
            with the default assumptions.
        today: the day.

    Raises:
        OperationError: if the folder has no stacks, or one of them cannot be read.
    """
    folders = sorted(file.parent for file in folder.glob("stacks/*/cdk.tf.json"))
    if not folders:
        message = f"{folder} has no synthesized stacks. Expected: stacks/NAME/cdk.tf.json, as `mlinfra synth` writes."
        raise OperationError(message)
    declared = sorted(environments, key=lambda each: -len(each.name))
    return together(
        estimate_stack(read_stack(each), _environment_of(each.name, declared), today=today) for each in folders
    )


def _environment_of(stack: str, declared: Sequence[Environment]) -> Environment | None:
    return next((each for each in declared if stack.startswith(f"{each.name}-")), None)


def estimate_stack(stack: Stack, environment: Environment | None = None, *, today: date) -> Estimate:
    """Estimate the cost of one stack.

    Args:
        stack: its resources.
        environment: its environment. Default: unknown, with the default assumptions.
        today: the first day of the estimated month.
    """
    assumptions = environment.cost if environment else CostAssumptions()
    buckets = {environment.names.bucket(use): use for use in LAKE_BUCKETS} if environment else {}
    contexts: dict[str, Context] = {}
    owners = _owners(stack)
    lines: list[Line] = []
    unpriced: list[Unpriced] = []
    old: dict[str, None] = {}
    free = 0
    for resource in stack.resources:
        formula = FORMULAS.get(resource.type)
        if formula is None and reason_of(resource.type) is not None:
            free += 1
            continue
        region = resource.region or stack.region or _NO_REGION
        if region not in contexts:
            contexts[region] = Context(stack, Prices(region, assumptions, today), assumptions, today, buckets)
        keys = _keys(resource, stack, environment, owners)
        found = list(formula(resource, contexts[region])) if formula else [Missing(without_formula(resource.type))]
        for each in found:
            if isinstance(each, Missing):
                unpriced.append(Unpriced(resource.address, resource.type, each.reason, **keys))
                continue
            lines.append(_line(resource, each, stack, region, keys))
            old.update((price.old, None) for price in each.prices if price.old)
        free += not found
    return Estimate(tuple(lines), tuple(unpriced), free, tuple(old))


def _line(resource: Resource, part: Part, stack: Stack, region: str, keys: Mapping[str, str]) -> Line:
    note = "" if resource.region or stack.region else f"the region is unknown: {region} is assumed"
    single = part.prices[0] if len(part.prices) == 1 else None
    # All prices of a part are of one service, and have its agreed factor.
    factors = [each.usd / each.list_usd if each.list_usd else None for each in part.prices if each.usd]
    factor = min((each for each in factors if each), default=1.0)
    return Line(
        address=resource.address,
        type=resource.type,
        usd_per_hour_low=part.hour.low,
        usd_per_hour_high=part.hour.high,
        usd_per_month_low=part.month.low,
        usd_per_month_high=part.month.high,
        formula=part.formula,
        source=joined(*(each.source for each in part.prices)),
        as_of=min((each.as_of for each in part.prices if each.as_of), default=""),
        assumption=joined(part.assumption, note),
        item=part.item,
        service=part.prices[0].service,
        region=region,
        account_id=stack.account_id,
        quantity=part.quantity,
        unit=part.unit,
        usd_per_unit=single.list_usd if single else None,
        usd_per_month_list=None if None in factors else part.month.high / factor,
        commitment=part.commitment,
        **keys,
    )


def _keys(
    resource: Resource, stack: Stack, environment: Environment | None, owners: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """The keys that a resource is counted for: by its tags, else by those of the construct that it is a part of."""
    tags = {**owners.get(_part_of(resource), {}), **resource.tags}
    return {
        "stack": stack.name,
        "environment": tags.get(Tag.ENVIRONMENT) or (environment.name if environment else ""),
        "experiment": tags.get(Tag.EXPERIMENT, ""),
        "team": tags.get(_TEAM) or (environment.team if environment else ""),
        "owner": tags.get(Tag.OWNER, ""),
        "cost_center": tags.get(_COST_CENTER) or (environment.cost_center if environment else ""),
    }


def _owners(stack: Stack) -> dict[str, dict[str, str]]:
    """The experiment and owner of each construct directly in the stack, where its tagged resources agree."""
    found: dict[str, dict[str, set[str]]] = {}
    for resource in stack.resources:
        for name in (Tag.EXPERIMENT, Tag.OWNER):
            if name in resource.tags and _part_of(resource):
                found.setdefault(_part_of(resource), {}).setdefault(name, set()).add(resource.tags[name])
    return {
        part: {name: next(iter(values)) for name, values in tags.items() if len(values) == 1}
        for part, tags in found.items()
    }


def _part_of(resource: Resource) -> str:
    """The construct directly in the stack that a resource is a part of. Empty: unknown."""
    steps = resource.path.split("/")
    return steps[1] if len(steps) > 2 else ""  # noqa: PLR2004  stack, construct, resource
