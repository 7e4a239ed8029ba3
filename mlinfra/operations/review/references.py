"""References in the configuration of a plan, which identify values that are known only after apply."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

INDEX: Final = re.compile(r"\[(?:\d+|\"(?:[^\"\\]|\\.)*\")\]")
"""The index of an instance in an address: a number or a key."""
_LAST_INDEX: Final = re.compile(rf"(?:{INDEX.pattern})$")
_RESOURCE: Final = re.compile(rf"([a-z][a-z0-9_]*\.[^.\[]+)(?:{INDEX.pattern})?")

Configured = dict[str, "Mapping[str, Any]"]
"""The resources of the configuration by address, without indexes of `count` and `for_each`."""


def configured(configuration: Mapping[str, Any]) -> Configured:
    """Collect the resources of all modules of a plan's `configuration`."""
    return dict(_resources(configuration.get("root_module"), ""))


def of(configured_: Configured, address: str) -> Mapping[str, Any]:
    """The configuration of the resource at `address`; empty if the plan does not contain it."""
    return configured_.get(INDEX.sub("", address), {})


def candidates(configured_: Configured, address: str, path: str) -> Iterator[str]:
    """Addresses that the attribute `path` of the resource at `address` may refer to, the most likely first.

    Only direct references within one module are followed, not variables.
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
    """Split an address into the part before the index of its last instance, and that index."""
    found = _LAST_INDEX.search(address)
    return (address[: found.start()], found.group()) if found else (address, "")


def mapping(value: object) -> Mapping[str, Any]:
    """The value if it is a JSON object; otherwise an empty one."""
    return value if isinstance(value, dict) else {}


def _steps(address: str) -> list[str]:
    """Split an address at its dots; keys of `for_each` may contain dots too."""
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
