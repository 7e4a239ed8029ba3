"""Contents of snapshots, beside what the testing kit leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlinfra.testing import Template


def infrastructure(template: Template, *blocks: str) -> Any:
    """A stack, or some blocks of it, without the names of hidden instance types, of which AWS adds some each month."""
    return _counted(template.normalized(*blocks))


def _counted(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: f"{len(inner)} of them" if key == "hidden_instance_types" else _counted(inner)
            for key, inner in value.items()
        }
    return [_counted(each) for each in value] if isinstance(value, list) else value
