"""Stacks in Terraform JSON, and their estimates."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from mlinfra import CostAssumptions
from mlinfra.operations.cost.estimating import estimate_stack
from mlinfra.operations.cost.resources import Stack, stack_of_json
from tests.conftest import an_environment

if TYPE_CHECKING:
    from mlinfra import Environment
    from mlinfra.operations.cost.estimate import Estimate, Line

TODAY = date(2026, 11, 29)
_TYPE, _LABEL = "of the type", "with the label"


def environment(**fields: Any) -> Environment:
    """The environment dev, with other fields."""
    return an_environment(**fields)


def stack(*resources: dict[str, Any], region: str = "us-east-1", name: str = "dev-training") -> Stack:
    """A stack of resources, as `resource` makes them."""
    declared: dict[str, dict[str, Any]] = {}
    for each in resources:
        values = {key: value for key, value in each.items() if key not in {_TYPE, _LABEL}}
        declared.setdefault(each[_TYPE], {})[each[_LABEL]] = values
    provider = {"aws": [{"region": region, "allowed_account_ids": ["111111111111"]}]}
    return stack_of_json(name, {"provider": provider, "resource": declared})


def resource(type_: str, /, label: str = "x", **values: Any) -> dict[str, Any]:
    """A resource in Terraform JSON."""
    return {_TYPE: type_, _LABEL: label, **values}


def estimate(*resources: dict[str, Any], region: str = "us-east-1", **assumptions: Any) -> Estimate:
    """The estimate of a stack of resources under some assumptions."""
    declared = environment(region=region, cost=CostAssumptions(**assumptions))
    return estimate_stack(stack(*resources, region=region), declared, today=TODAY)


def months(*resources: dict[str, Any], region: str = "us-east-1", **assumptions: Any) -> dict[str, tuple[float, float]]:
    """The lowest and the highest cost of a month in USD, by item, of resources that all have prices."""
    found = estimate(*resources, region=region, **assumptions)
    assert not found.unpriced, found.unpriced
    return {each.item: (round(each.usd_per_month_low, 4), round(each.usd_per_month_high, 4)) for each in found.lines}


def line(*resources: dict[str, Any], **assumptions: Any) -> Line:
    """The only line of the estimate."""
    (found,) = estimate(*resources, **assumptions).lines
    return found


def reasons(*resources: dict[str, Any], region: str = "us-east-1", **assumptions: Any) -> list[str]:
    """The reasons of parts without a price."""
    return [each.reason for each in estimate(*resources, region=region, **assumptions).unpriced]
