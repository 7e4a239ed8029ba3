"""The resources of a plan before and after, as estimates of costs read them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from mlinfra.operations.cost import (
    RELATED_TYPES,
    SENSITIVE,
    UNKNOWN,
    Resource,
    Stack,
    is_priced,
    references_in,
    tags_of,
)
from mlinfra.operations.review import references
from mlinfra.operations.review.change import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mlinfra.operations.review.change import Change
    from mlinfra.operations.review.plan import Plan

_REGION_OF_ARN: Final = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:([a-z]{2}(?:-[a-z]+)+-\d):")
_ZONE: Final = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d(?=[a-z]$)")
_DEFAULT_PROVIDER: Final = "aws"


def stacks(plan: Plan) -> tuple[Stack, Stack]:
    """The resources of a plan that determine costs, before and after."""
    configured = references.configured(plan.configuration)
    regions = _regions(plan)
    region = regions.get(_DEFAULT_PROVIDER) or _region_of_resources(plan)
    before: list[Resource] = []
    after: list[Resource] = []
    for change in (*plan.changes, *plan.unchanged):
        if change.type not in RELATED_TYPES and not is_priced(change.type):
            continue
        code = references.of(configured, change.address)
        own = regions.get(str(code.get("provider_config_key") or _DEFAULT_PROVIDER), "")
        found = _references(change.address, code)
        if change.kind is not Kind.CREATE:
            before.append(_resource(change, change.before, own, found))
        # A forgotten resource still incurs charges, but is not part of the stack any more.
        if change.kind not in {Kind.DESTROY, Kind.FORGET}:
            after.append(_resource(change, references.mapping(_merged(change.after, change.unknown)), own, found))
    return Stack(plan.stack, tuple(before), region), Stack(plan.stack, tuple(after), region)


def _resource(change: Change, values: Mapping[str, Any], region: str, found: frozenset[str]) -> Resource:
    hidden = {name: SENSITIVE for name in values if change.is_sensitive(name)}
    shown = {**values, **hidden} if hidden else values
    return Resource(change.address, change.type, shown, tags_of(shown), found, region=region)


def _merged(value: Any, unknown: Any) -> Any:  # noqa: ANN401  JSON of any shape
    """The value with `UNKNOWN` at the places that are known after apply."""
    if unknown is True:
        return UNKNOWN
    if isinstance(unknown, dict) and unknown and (value is None or isinstance(value, dict)):
        known = value or {}
        return {name: _merged(known.get(name), unknown.get(name)) for name in {**known, **unknown}}
    if isinstance(unknown, list) and unknown and (value is None or isinstance(value, list)):
        known_items = value or []
        count = max(len(known_items), len(unknown))
        return [
            _merged(
                known_items[index] if index < len(known_items) else None,
                unknown[index] if index < len(unknown) else None,
            )
            for index in range(count)
        ]
    return value


def _references(address: str, code: Mapping[str, Any]) -> frozenset[str]:
    """The addresses that a resource refers to in the configuration, without indexes."""
    if not code:
        return frozenset()
    resource = references.INDEX.sub("", address)
    module = resource[: resource.rfind(".", 0, resource.rfind("."))] if resource.count(".") > 1 else ""
    prefix = f"{module}." if module else ""
    found = references_in([code.get("expressions"), code.get("for_each_expression")])
    return frozenset(f"{prefix}{each}" for each in found)


def _regions(plan: Plan) -> dict[str, str]:
    """The regions of the providers in the configuration that are constant, by the key of the provider."""
    found: dict[str, str] = {}
    for key, provider in references.mapping(plan.configuration.get("provider_config")).items():
        expressions = references.mapping(references.mapping(provider).get("expressions"))
        region = references.mapping(expressions.get("region")).get("constant_value")
        if isinstance(region, str):
            found[key] = region
    return found


def _region_of_resources(plan: Plan) -> str:
    """The region in the first ARN or Availability Zone of a resource. Empty: unknown."""
    for change in (*plan.changes, *plan.unchanged):
        for values in (change.before, change.after):
            arn, zone = values.get("arn"), values.get("availability_zone")
            for pattern, text, group in ((_REGION_OF_ARN, arn, 1), (_ZONE, zone, 0)):
                match = pattern.match(text) if isinstance(text, str) else None
                if match:
                    return match[group]
    return ""
