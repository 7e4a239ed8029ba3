"""The surroundings of a resource that a proposal depends on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlinfra.catalog import instance_types

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mlinfra.declarations import Environment
    from mlinfra.operations.migration.reading import Existing
    from mlinfra.operations.migration.references import References
    from mlinfra.operations.migration.resource import Resource


@dataclass(frozen=True)
class Context:
    """The configuration, the references in it, and the environment that would take it over."""

    existing: Existing
    references: References
    environment: Environment


def words_of(*texts: object) -> frozenset[str]:
    """The words in names, in lower case: those of `MyRaw_data-2024` are myraw, data and 2024."""
    return frozenset(word for text in texts for word in re.findall(r"[a-z0-9]+", str(text or "").lower()))


def instance_types_of(resource: Resource, context: Context) -> frozenset[str]:
    """The instance types that a group, an instance or a compute environment names, also in its launch template."""
    found = set(_instance_types(resource.values))
    for each in context.references.of(resource):
        if each.type in {"aws_launch_template", "aws_launch_configuration"}:
            found |= set(_instance_types(each.values))
    return frozenset(found)


def accelerated(types: frozenset[str]) -> tuple[str, ...]:
    """Those instance types that have accelerators, also by their family, such as `p4d` or `p4d.*` of Batch."""
    known = instance_types()
    families = {name.partition(".")[0] for name in known}
    return tuple(sorted(each for each in types if each in known or each.partition(".")[0] in families))


def _instance_types(values: Any) -> Iterator[str]:  # noqa: ANN401  attributes have any shape
    if isinstance(values, dict):
        for name, value in values.items():
            if name in {"instance_type", "instance_types"}:
                yield from _texts(value)
            elif name not in {"tags", "tags_all", "tag"}:
                yield from _instance_types(value)
    elif isinstance(values, list):
        for each in values:
            yield from _instance_types(each)


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, str) and each:
            yield each


def listed(values: Mapping[str, Any], name: str) -> tuple[Any, ...]:
    """The elements of an attribute; none if it is unset."""
    found = values.get(name)
    return tuple(found) if isinstance(found, list) else ()
