"""What the code of a plan refers to: the part of the plan that tells of values which only the apply will tell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

INDEX: Final = re.compile(r"\[(?:\d+|\"(?:[^\"\\]|\\.)*\")\]")
"""The number or key of an instance in an address."""
_LAST_INDEX: Final = re.compile(rf"(?:{INDEX.pattern})$")
_RESOURCE: Final = re.compile(rf"([a-z][a-z0-9_]*\.[^.\[]+)(?:{INDEX.pattern})?")

Configured = dict[str, "Mapping[str, Any]"]
"""The resources of the code by address, without the numbers and keys of count and for_each."""


def configured(configuration: Mapping[str, Any]) -> Configured:
    """The resources of all modules of a plan's `configuration`."""
    return dict(_resources(configuration.get("root_module"), ""))


def of(configured_: Configured, address: str) -> Mapping[str, Any]:
    """The code of the resource at `address`; empty where the plan does not hold it."""
    return configured_.get(INDEX.sub("", address), {})


def candidates(configured_: Configured, address: str, path: str) -> Iterator[str]:
    """The addresses that the attribute `path` of the resource at `address` may refer to, the likeliest first.

    Direct references of one module are followed, no variables.
    """
    code = of(configured_, address)
    names = _references(mapping(code.get("expressions")).get(path))
    if any(name.startswith("each.") for name in names):
        names = [*names, *_references(code.get("for_each_expression"))]
    resource, index = without_last_index(address)
    module = ".".join(_steps(resource)[:-2])
    prefix = f"{module}." if module else ""
    for name in names:
        found = _RESOURCE.match(name)
        if found:
            yield from (f"{prefix}{each}" for each in (found[0], f"{found[1]}{index}", found[1]))


def without_last_index(address: str) -> tuple[str, str]:
    """An address without the number or key of its instance, and that."""
    found = _LAST_INDEX.search(address)
    return (address[: found.start()], found.group()) if found else (address, "")


def mapping(value: object) -> Mapping[str, Any]:
    """A JSON object; empty where it is none."""
    return value if isinstance(value, dict) else {}


def _steps(address: str) -> list[str]:
    """The parts of an address between its dots; a key of for_each may hold dots itself."""
    return re.findall(rf"(?:{INDEX.pattern}|[^.\[])+", address)


def _references(expression: object) -> Sequence[str]:
    found = mapping(expression).get("references")
    return [str(each) for each in found] if isinstance(found, list) else []


def _resources(module: object, prefix: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    resources = mapping(module).get("resources")
    for resource in resources if isinstance(resources, list) else ():
        yield f"{prefix}{mapping(resource).get('address')}", mapping(resource)
    for name, call in mapping(mapping(module).get("module_calls")).items():
        yield from _resources(mapping(call).get("module"), f"{prefix}module.{name}.")
