"""Resources as a reader finds them."""

from __future__ import annotations

from typing import Any

from mlinfra.operations.audit.found import Found


def a_resource(**changes: Any) -> Found:
    """An instance in us-east-1, with `changes`."""
    values = {"region": "us-east-1", "service": "ec2", "kind": "instance", "id": "i-0abc"} | changes
    return Found(**values)
