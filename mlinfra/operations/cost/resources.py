"""Resources of synthesized stacks and of plans, with the references between them."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from mlinfra.errors import OperationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


class Unknown:
    """The type of a value that is known after apply, or that is sensitive."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


UNKNOWN: Final = Unknown("known after apply")
SENSITIVE: Final = Unknown("sensitive")

_NO_VALUES: Final = frozenset({"//", "depends_on", "lifecycle", "provider", "provisioner"})
"""Members of a resource in Terraform JSON that are not attributes."""
_REFERENCE: Final = re.compile(r"\b(aws_[a-z0-9_]+\.[\w-]+)")
_INDEX: Final = re.compile(r"\[(?:\d+|\"(?:[^\"\\]|\\.)*\")\]")
_LAST_INDEX: Final = re.compile(rf"(?:{_INDEX.pattern})$")
_IDENTITIES: Final = ("id", "arn", "name", "bucket", "function_name")
_UNKNOWN_TEXT: Final = "${"


@dataclass(frozen=True)
class Resource:
    """A managed resource with its attributes."""

    address: str
    type: str
    values: Mapping[str, Any]
    """Attributes and blocks, as Terraform writes them. A value may be `UNKNOWN` or `SENSITIVE`."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Its tags, with the default tags of the provider."""
    references: frozenset[str] = frozenset()
    """The addresses that its attributes refer to, without indexes."""
    path: str = ""
    """The path of its construct, such as dev-training/two-tower-v2/group. Empty: unknown."""
    region: str = ""
    """Its own region. Empty: that of the stack."""
    count: float = 1
    """The number of its instances, by `count`."""

    def get(self, path: str) -> Any:  # noqa: ANN401  any JSON value
        """The value at `path`, such as `launch_template.id`: the first block where there are several. None: not set."""
        return value_at(self.values, path)

    def text(self, path: str) -> str | None:
        """The text at `path`. None: not set, or unknown before apply."""
        return text(self.get(path))

    def number(self, path: str) -> float | None:
        """The number at `path`. None: not set, or unknown before apply."""
        return number(self.get(path))

    def is_unknown(self, path: str) -> bool:
        """True if the value at `path` is set and not known before apply."""
        return is_unknown(self.get(path))

    def blocks(self, path: str) -> list[Mapping[str, Any]]:
        """The blocks at `path`."""
        return blocks(self.get(path))


@dataclass(frozen=True)
class Stack:
    """The resources of a stack."""

    name: str
    resources: tuple[Resource, ...]
    region: str = ""
    account_id: str = ""

    def of_type(self, *types: str) -> Iterator[Resource]:
        """The resources of some types."""
        for each in types:
            yield from self._by_type.get(each, ())

    def related(self, resource: Resource, *types: str) -> list[Resource]:
        """The resources of some types that `resource` refers to: by references, otherwise by id, name or ARN."""
        found: dict[str, Resource] = {}
        for address in sorted(resource.references):
            if address.rpartition(".")[0].rpartition(".")[2] in types:
                found.update((each.address, each) for each in self._instances(address, resource))
        for value in _leaves(resource.values) if not found else ():
            for part in {value, *value.split("/")}:
                found.update((each.address, each) for kind in types for each in self._identities.get((kind, part), ()))
        return [each for address, each in found.items() if address != resource.address]

    def referring(self, resource: Resource, kind: str) -> list[Resource]:
        """The resources of one type whose attributes refer to `resource`."""
        return [each for each, addresses in self._referring(kind, resource.type) if resource.address in addresses]

    @cached_property
    def _by_type(self) -> Mapping[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for each in self.resources:
            found.setdefault(each.type, []).append(each)
        return found

    @cached_property
    def _by_base(self) -> Mapping[str, list[Resource]]:
        found: dict[str, list[Resource]] = {}
        for each in self.resources:
            found.setdefault(_INDEX.sub("", each.address), []).append(each)
        return found

    @cached_property
    def _identities(self) -> Mapping[tuple[str, str], list[Resource]]:
        found: dict[tuple[str, str], list[Resource]] = {}
        for each in self.resources:
            for value in {each.values.get(name) for name in _IDENTITIES if isinstance(each.values.get(name), str)}:
                if _UNKNOWN_TEXT not in str(value):
                    found.setdefault((each.type, str(value)), []).append(each)
        return found

    @cached_property
    def _referring_cache(self) -> dict[tuple[str, str], list[tuple[Resource, frozenset[str]]]]:
        return {}

    def _referring(self, kind: str, target: str) -> list[tuple[Resource, frozenset[str]]]:
        key = (kind, target)
        if key not in self._referring_cache:
            self._referring_cache[key] = [
                (each, frozenset(found.address for found in self.related(each, target))) for each in self.of_type(kind)
            ]
        return self._referring_cache[key]

    def _instances(self, address: str, resource: Resource) -> list[Resource]:
        """The instances of the resource at `address`: that with the index of `resource` if there is one, else all."""
        found = self._by_base.get(address, [])
        index = _LAST_INDEX.search(resource.address)
        same = [each for each in found if index and each.address.endswith(index[0])]
        return same or found


def read_stack(folder: Path) -> Stack:
    """Read the synthesized stack in `folder`, whose name is that of the stack.

    Raises:
        OperationError: if `cdk.tf.json` is missing or is not Terraform JSON.
    """
    file = folder / "cdk.tf.json"
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"it is not JSON: {error}"
        message = f"The synthesized stack {file} cannot be read: {reason}. Synthesize it again."
        raise OperationError(message) from None
    if not isinstance(content, dict):
        message = f"The synthesized stack {file} is not an object. Synthesize it again."
        raise OperationError(message)
    return stack_of_json(folder.name, content)


def stack_of_json(name: str, content: Mapping[str, Any]) -> Stack:
    """The resources of a stack in Terraform JSON.

    Args:
        name: the name of the stack.
        content: the content of its `cdk.tf.json`.
    """
    providers = {str(each.get("alias") or ""): each for each in blocks(mapping(content.get("provider")).get("aws"))}
    default = providers.get("", {})
    resources = [
        _of_json(kind, label, values, providers)
        for kind, labelled in mapping(content.get("resource")).items()
        for label, values in mapping(labelled).items()
        if isinstance(values, dict)
    ]
    accounts = items(default.get("allowed_account_ids"))
    return Stack(
        name,
        tuple(resources),
        region=text(default.get("region")) or "",
        account_id=str(accounts[0]) if accounts else "",
    )


def _of_json(kind: str, label: str, values: Mapping[str, Any], providers: Mapping[str, Mapping[str, Any]]) -> Resource:
    alias = str(values.get("provider") or "").partition(".")[2]
    provider = providers.get(alias, {})
    attributes = {name: value for name, value in values.items() if name not in _NO_VALUES}
    default_tags = {
        key: str(value)
        for block in blocks(provider.get("default_tags"))
        for key, value in mapping(block.get("tags")).items()
    }
    references = {found for leaf in _leaves(attributes) if _UNKNOWN_TEXT in leaf for found in _REFERENCE.findall(leaf)}
    metadata = mapping(mapping(values.get("//")).get("metadata"))
    return Resource(
        address=f"{kind}.{label}",
        type=kind,
        values=attributes,
        tags=default_tags | tags_of(attributes),
        references=frozenset(references),
        path=str(metadata.get("path") or ""),
        region=text(values.get("region")) or (text(provider.get("region")) or "" if alias else ""),
        count=number(values.get("count")) or 1,
    )


def tags_of(values: Mapping[str, Any]) -> dict[str, str]:
    """The tags among the attributes of a resource: `tags_all`, `tags`, and the `tag` blocks of groups."""
    found: dict[str, str] = {}
    for name in ("tags_all", "tags"):
        found |= {key: value for key, value in mapping(values.get(name)).items() if isinstance(value, str)}
    for each in blocks(values.get("tag")):
        key, value = each.get("key"), each.get("value")
        if isinstance(key, str) and isinstance(value, str):
            found[key] = value
    return found


def references_in(expressions: object) -> frozenset[str]:
    """The addresses in the expressions of a resource in the configuration of a plan."""
    return frozenset(found for leaf in _leaves(expressions) for found in _REFERENCE.findall(leaf))


def value_at(values: object, path: str) -> Any:  # noqa: ANN401  any JSON value
    """The value at a path of names; of several blocks, in the first. None: not set."""
    for name in path.split("."):
        while isinstance(values, list):
            values = values[0] if values else None
        if isinstance(values, Unknown):
            return values
        values = mapping(values).get(name)
    return values


def blocks(value: object) -> list[Mapping[str, Any]]:
    """The blocks in a value: Terraform writes one block as an object, or several as a list."""
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)]


def items(value: object) -> list[Any]:
    """The value if it is a list; otherwise an empty one."""
    return value if isinstance(value, list) else []


def mapping(value: object) -> Mapping[str, Any]:
    """The value if it is an object; otherwise an empty one."""
    return value if isinstance(value, dict) else {}


def text(value: object) -> str | None:
    """The value if it is a text that is known before apply; otherwise None."""
    return value if isinstance(value, str) and value and _UNKNOWN_TEXT not in value else None


def number(value: object) -> float | None:
    """The value if it is a finite number, or a text with one; otherwise None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    try:
        found = float(value) if isinstance(value, (int, float)) else math.nan
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def is_unknown(value: object) -> bool:
    """True if the value is set and not known before apply."""
    return isinstance(value, Unknown) or (isinstance(value, str) and _UNKNOWN_TEXT in value)


def secrecy(value: object) -> str:
    """The word for a value that cannot be read: `sensitive` or `unknown`."""
    return "sensitive" if value is SENSITIVE else "unknown"


def _leaves(value: object) -> Iterator[str]:
    stack: list[object] = [value]
    while stack:
        each = stack.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            stack.extend(each.values())
        elif isinstance(each, list):
            stack.extend(each)
