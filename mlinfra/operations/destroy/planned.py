"""The resources that a plan destroys, with their attributes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Doomed:
    """A resource that a plan destroys."""

    stack: str
    address: str
    type: str
    values: Mapping[str, Any]
    """Its attributes in the state."""


def doomed_resources(stack: str, document: Path) -> tuple[Doomed, ...]:
    """The resources that the plan of `stack` destroys.

    Args:
        stack: the id of the stack.
        document: the plan, as `terraform show -json` writes it.
    """
    plan = json.loads(document.read_text(encoding="utf-8"))
    return tuple(
        Doomed(stack, each["address"], each["type"], each["change"]["before"] or {})
        for each in plan.get("resource_changes", ())
        if each["mode"] == "managed" and "delete" in each["change"]["actions"]
    )
