"""Planned changes of imported resources."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SHORT = 200


@dataclass(frozen=True)
class AttributeChange:
    """A value that the apply would change."""

    path: str
    """The path, such as `launch_template.0.version`."""
    before: str
    """The value in AWS, as JSON."""
    after: str
    """The planned value, as JSON, or `known after apply`."""

    def __str__(self) -> str:
        return f"{self.path}: {self.before} -> {self.after}"


@dataclass(frozen=True)
class Import:
    """The planned actions for one resource."""

    address: str
    outcome: Literal["imported", "changed", "replaced", "managed", "created", "missing"]
    """imported: without changes. managed: already in the state, without changes. changed, replaced: see `changes`.
    created: not found in AWS. missing: not in the plan."""

    changes: tuple[AttributeChange, ...] = ()

    @property
    def changes_nothing(self) -> bool:
        """True if the resource would not change in AWS."""
        return self.outcome in {"imported", "managed"}


def import_of(plan: Mapping[str, Any], address: str) -> Import:
    """Find the planned actions for the resource at `address`.

    Args:
        plan: the output of `terraform show -json`.
        address: the address of the resource.
    """
    found = next((each for each in plan.get("resource_changes", ()) if each["address"] == address), None)
    if found is None:
        return Import(address, "missing")
    change = found["change"]
    actions = set(change["actions"])
    if actions <= {"no-op"}:
        return Import(address, "imported" if "importing" in change else "managed")
    if actions == {"create"}:
        return Import(address, "created")
    differences = tuple(_differences(change))
    return Import(address, "replaced" if "delete" in actions else "changed", differences)


def others(plan: Mapping[str, Any], addresses: set[str]) -> tuple[str, ...]:
    """Addresses and actions of all other planned changes. An import without a change is `import`."""
    return tuple(
        f"{each['address']}: {_action(each['change'])}"
        for each in plan.get("resource_changes", ())
        if each["mode"] == "managed"
        and each["address"] not in addresses
        and (each["change"]["actions"] != ["no-op"] or "importing" in each["change"])
    )


def _action(change: Mapping[str, Any]) -> str:
    return "import" if change["actions"] == ["no-op"] else " and ".join(change["actions"])


def _differences(change: Mapping[str, Any]) -> Iterator[AttributeChange]:
    yield from _between(
        change.get("before"),
        change.get("after"),
        change.get("after_unknown"),
        (change.get("before_sensitive"), change.get("after_sensitive")),
        "",
    )


def _between(
    before: Any,  # noqa: ANN401
    after: Any,  # noqa: ANN401
    unknown: Any,  # noqa: ANN401
    sensitive: tuple[Any, Any],
    path: str,
) -> Iterator[AttributeChange]:
    if True in sensitive:
        if before != after:
            yield AttributeChange(path, "(sensitive value)", "(sensitive value)")
        return
    if unknown is True:
        yield AttributeChange(path, _shown(before), "known after apply")
        return
    if before == after and not unknown:
        return
    keys: list[Any]
    if isinstance(before, dict) and isinstance(after, dict):
        keys = sorted({*before, *after, *(unknown if isinstance(unknown, dict) else ())})
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        keys = list(range(len(before)))
    elif before == after:
        return
    else:
        yield AttributeChange(path, _shown(before), _shown(after))
        return
    for key in keys:
        yield from _between(
            _at(before, key),
            _at(after, key),
            _at(unknown, key),
            (_at(sensitive[0], key), _at(sensitive[1], key)),
            f"{path}.{key}" if path else str(key),
        )


def _at(value: Any, key: Any) -> Any:  # noqa: ANN401  JSON of any shape
    if isinstance(value, dict):
        return value.get(key)
    if isinstance(value, list):
        return value[key] if key < len(value) else None
    return value if value is True else None


def _shown(value: Any) -> str:  # noqa: ANN401  JSON of any shape
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHORT else f"{text[:_SHORT]}…"
