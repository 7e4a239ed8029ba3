"""Resources of an existing Terraform configuration, from its state or plan in each of Terraform's JSON formats."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_AWS: Final = "aws_"


@dataclass(frozen=True)
class Resource:
    """A managed resource."""

    address: str
    type: str
    values: Mapping[str, Any] = field(hash=False)
    """Its attributes. They may contain secrets: no others than names, ids and types are shown."""
    provider: str = ""
    """The source address of its provider."""
    exists: bool = True
    """False: it is planned, and not created yet."""

    @property
    def is_of_aws(self) -> bool:
        """True if the AWS provider manages it."""
        return self.type.startswith(_AWS)

    @property
    def id(self) -> str:
        """Its id. Empty: it has none that may be shown. That of `random_string`, for example, is its secret."""
        return str(self.values.get("id") or "") if self.is_of_aws else ""

    @property
    def region(self) -> str:
        """The region in its ARN. Empty: it has none, such as a bucket or a role."""
        return _of_arn(self.values.get("arn"), 3)

    @property
    def account_id(self) -> str:
        """The account in its ARN. Empty: it has none."""
        return _of_arn(self.values.get("arn"), 4)

    @property
    def tags(self) -> Mapping[str, str]:
        """Its tags, also those of the provider's default_tags."""
        listed = self.values.get("tag")
        if isinstance(listed, list):  # of an auto scaling group
            return {str(each.get("key")): str(each.get("value")) for each in listed if isinstance(each, dict)}
        tags = self.values.get("tags_all") or self.values.get("tags")
        return {str(key): str(value) for key, value in tags.items()} if isinstance(tags, dict) else {}

    def first(self, name: str) -> Mapping[str, Any]:
        """The first block with a name; empty if there is none."""
        blocks = self.values.get(name)
        found = blocks[0] if isinstance(blocks, list) and blocks else blocks
        return found if isinstance(found, dict) else {}


def resources_of(document: Mapping[str, Any]) -> Iterator[Resource]:
    """The managed resources of a document.

    Args:
        document: a state file of format version 4, or the output of `terraform show -json` for a state or a plan.
    """
    if "format_version" not in document:
        yield from _of_state_file(document)
        return
    state = document.get("prior_state", document)
    existing = {each.address: each for each in _of_values(state.get("values") or {}, exists=True)}
    yield from existing.values()
    for each in _of_values(document.get("planned_values") or {}, exists=False):
        if each.address not in existing:
            yield each


def _of_values(values: Mapping[str, Any], *, exists: bool) -> Iterator[Resource]:
    modules = [values.get("root_module") or {}]
    while modules:
        module = modules.pop(0)
        modules += module.get("child_modules", ())
        for each in module.get("resources", ()):
            if each.get("mode") == "managed":
                yield Resource(
                    each["address"],
                    each["type"],
                    each.get("values") or {},
                    each.get("provider_name", ""),
                    exists=exists,
                )


def _of_state_file(document: Mapping[str, Any]) -> Iterator[Resource]:
    for each in document.get("resources", ()):
        if each.get("mode") != "managed":
            continue
        module = f"{each['module']}." if each.get("module") else ""
        provider = str(each.get("provider", "")).partition('"')[2].partition('"')[0]
        for instance in each.get("instances", ()):
            if "deposed" in instance:  # replaced, and to be destroyed by the next apply
                continue
            key = f"[{json.dumps(instance['index_key'])}]" if instance.get("index_key") is not None else ""
            address = f"{module}{each['type']}.{each['name']}{key}"
            yield Resource(address, each["type"], instance.get("attributes") or {}, provider)


def _of_arn(arn: object, part: int) -> str:
    parts = str(arn or "").split(":")
    return parts[part] if parts[0] == "arn" and len(parts) > part else ""
