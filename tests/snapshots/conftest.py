"""Format of snapshots: one JSON file each, without parts that do not describe infrastructure."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from syrupy.extensions.json import JSONSnapshotExtension

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    """The snapshot of a test, in a file of its own."""
    return snapshot.use_extension(JSONSnapshotExtension)


def infrastructure(config: dict[str, Any]) -> dict[str, Any]:
    """A stack without cdktf's notes about itself, and with policies as what they say."""
    return {key: _plain(value) for key, value in config.items() if key != "//"}


_LONGEST_TEXT = 500
"""The length from which a value without spaces is a part of a program, which has tests of its own."""


def _script(encoded: str) -> list[str]:
    return base64.b64decode(encoded).decode().splitlines()


def _count(names: list[str]) -> str:
    return f"{len(names)} of them"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _SHORT.get(key, _plain)(inner) for key, inner in value.items() if key != "//"}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, str) and value.startswith('{"'):
        return json.loads(value)
    if isinstance(value, str) and len(value) > _LONGEST_TEXT and " " not in value:
        return "a part of a program"
    return value


_SHORT = {"user_data": _script, "hidden_instance_types": _count}
"""What is shown otherwise than it is written, by argument."""
