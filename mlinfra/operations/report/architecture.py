"""The architecture as data: stacks, their resources, and the dependencies between them, from synthesized JSON."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mlinfra.errors import OperationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mlinfra.operations.terraform import SynthesizedStack

_REFERENCE: Final = re.compile(r"\b((?:data\.)?[a-z]+_[a-z0-9_]+\.[A-Za-z0-9_-]+)")
_EXPRESSION: Final = re.compile(r"\$\{([^}]*)\}")
_PARAMETER: Final = "aws_ssm_parameter"
_NAMES: Final = (
    "name",
    "bucket",
    "function_name",
    "domain_name",
    "cluster_name",
    "endpoint_name",
    "identifier",
    "family",
)
"""Arguments that contain the name of a resource, the most usual first."""


@dataclass(frozen=True)
class _Block:
    """A resource or a data source of a stack."""

    stack: str
    address: str
    body: Mapping[str, Any]


def architecture_of(stacks: Sequence[tuple[str, SynthesizedStack]]) -> dict[str, Any]:
    """The stacks with their resources as JSON values.

    Each resource has the addresses of the resources that it uses; those of other stacks, which hand values over in SSM
    parameters, begin with the name of the stack and a slash.

    Args:
        stacks: the synthesized stacks, each with the name of its environment.

    Raises:
        OperationError: if the JSON of a stack cannot be read.
    """
    configurations = {stack.name: _configuration(stack) for _, stack in stacks}
    blocks = {
        (block.stack, block.address): block
        for name, configuration in configurations.items()
        for block in _blocks(name, configuration)
    }
    producers = {
        block.body["name"]: f"{block.stack}/{block.address}"
        for block in blocks.values()
        if block.address.startswith(f"{_PARAMETER}.") and isinstance(block.body.get("name"), str)
    }
    return {
        "stacks": [
            {
                "name": stack.name,
                "environment": environment,
                "dependencies": list(stack.dependencies),
                "resources": [
                    _resource(block, blocks, producers)
                    for block in blocks.values()
                    if block.stack == stack.name and not block.address.startswith("data.")
                ],
            }
            for environment, stack in stacks
        ]
    }


def _configuration(stack: SynthesizedStack) -> Mapping[str, Any]:
    path = stack.directory / "cdk.tf.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"The synthesized stack {stack.name} cannot be read from {path}: {error}"
        raise OperationError(message) from error
    return found if isinstance(found, dict) else {}


def _blocks(stack: str, configuration: Mapping[str, Any]) -> Iterator[_Block]:
    for kind, prefix in (("resource", ""), ("data", "data.")):
        for type_name, named in configuration.get(kind, {}).items():
            for name, body in named.items():
                yield _Block(stack, f"{prefix}{type_name}.{name}", body)


def _resource(block: _Block, blocks: Mapping[tuple[str, str], _Block], producers: Mapping[str, str]) -> dict[str, Any]:
    tags = _tags(block.body)
    path = str(block.body.get("//", {}).get("metadata", {}).get("path", f"{block.stack}/{block.address}"))
    name = next((block.body[each] for each in _NAMES if isinstance(block.body.get(each), str)), "")
    values = {
        "address": block.address,
        "type": block.address.partition(".")[0],
        "path": path.removeprefix(f"{block.stack}/"),
        "name": "" if "${" in name else name,
        "owner": tags.get("Owner", ""),
        "experiment": tags.get("Experiment", ""),
        "uses": sorted(set(_uses(block, blocks, producers))),
    }
    return {key: value for key, value in values.items() if value or key == "uses"}


def _tags(body: Mapping[str, Any]) -> dict[str, str]:
    """Tags of a resource; an Auto Scaling group has a block for each."""
    found = dict(body.get("tags") or {})
    for each in body.get("tag") or ():
        found[each.get("key", "")] = each.get("value", "")
    return found


def _uses(block: _Block, blocks: Mapping[tuple[str, str], _Block], producers: Mapping[str, str]) -> Iterator[str]:
    """Addresses of the resources that a block refers to, directly or through data sources."""
    seen: set[str] = set()
    waiting = [block]
    while waiting:
        for address in set(_references(waiting.pop().body)):
            target = blocks.get((block.stack, address))
            if target is None or address in seen or address == block.address:
                continue
            seen.add(address)
            if not address.startswith("data."):
                yield address
                continue
            waiting.append(target)
            producer = producers.get(target.body.get("name", "")) if address.startswith(f"data.{_PARAMETER}.") else None
            if producer:
                yield producer


def _references(value: object) -> Iterator[str]:
    if isinstance(value, str):
        for expression in _EXPRESSION.findall(value):
            yield from _REFERENCE.findall(expression)
    elif isinstance(value, dict):
        for name, each in value.items():
            if name == "depends_on":
                yield from each
            elif name != "//":
                yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)
