"""A Terraform state: the addresses of its resources, and their ids in AWS."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class State:
    """The managed resources of a state."""

    resources: Mapping[str, str | None] = field(default_factory=dict)
    """The ids in AWS, by address in Terraform."""

    tainted: tuple[str, ...] = ()
    """Addresses of resources whose creation was interrupted. Terraform would replace them at the next apply."""


def parse_state(text: str) -> State:
    """Read the output of `terraform state pull`, which is empty if there is no state.

    Raises:
        ValueError: if `text` is not a state of format version 4, which Terraform has used since 0.12.
    """
    if not text.strip():
        return State()
    document = json.loads(text)
    if document.get("version") != 4:  # noqa: PLR2004
        message = f"state of format version {document.get('version')}; expected: 4"
        raise ValueError(message)
    instances = list(_instances(document))
    return State(
        resources={address: instance.get("attributes", {}).get("id") for address, instance in instances},
        tainted=tuple(address for address, instance in instances if instance.get("status") == "tainted"),
    )


def _instances(document: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for resource in document.get("resources", ()):
        if resource["mode"] != "managed":
            continue
        module = f"{resource['module']}." if "module" in resource else ""
        address = f"{module}{resource['type']}.{resource['name']}"
        for instance in resource["instances"]:
            key = f"[{json.dumps(instance['index_key'])}]" if "index_key" in instance else ""
            yield f"{address}{key}", instance
