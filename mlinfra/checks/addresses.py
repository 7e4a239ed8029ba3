"""Check for removed addresses: Terraform destroys the resource of an address that disappears."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


def addresses(config: Mapping[str, Any]) -> list[str]:
    """The addresses of all resources of a stack, sorted.

    Args:
        config: the stack as Terraform JSON.
    """
    resources = config.get("resource", {})
    return sorted(f"{type_name}.{name}" for type_name, named in resources.items() for name in named)


def vanished(before: Collection[str], config: Mapping[str, Any]) -> list[str]:
    """The addresses of `before` that the stack no longer has, without those that it moves or forgets.

    Args:
        before: the addresses that the stack had.
        config: the stack as Terraform JSON.
    """
    moved = {each["from"] for kind in ("moved", "removed") for each in config.get(kind, [])}
    return sorted(set(before) - set(addresses(config)) - moved)
