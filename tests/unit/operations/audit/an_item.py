"""Valid items of an audit."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from mlinfra.operations.audit.item import Item

NOW = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)


def an_item(**changes: Any) -> Item:
    """An unmanaged instance, with `changes`."""
    values = {
        "region": "us-east-1",
        "service": "ec2",
        "kind": "instance",
        "id": "i-0abc",
        "name": "hackathon",
        "state": "running",
        "launched": datetime(2026, 10, 18, 12, tzinfo=timezone.utc),
        "launched_by": "",
        "usd_per_month": 100.0,
        "usd_so_far": 138.082,
        "gpu_utilization": None,
        "owner": "",
        "owner_evidence": "",
        "classification": "unmanaged",
    } | changes
    return Item(**values)
