"""Runs with fixed times, for screens."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from mlinfra.operations.runs import Attempt, Run, RunNode

BEGIN = datetime(2026, 11, 30, 10, 15, tzinfo=timezone.utc)
ANA = "arn:aws:sts::123456789012:assumed-role/Trainer/ana@example.com"


def at(minutes: float) -> datetime:
    """The time some minutes after the submission."""
    return BEGIN + timedelta(minutes=minutes)


def a_node(rank: int, attempt: int = 1, **changes: Any) -> RunNode:
    values: dict[str, Any] = {
        "attempt": attempt,
        "instance_id": f"i-0123456789abcdef{rank}",
        "rank": rank,
        "step": "running",
        "joined_at": at(2),
        "seen_at": at(62),
        "gpu_percent": 87.4,
        "running_seconds": 3000,
        "driver": "580.95.05",
        "cuda": "13.0",
        "image_id": "ami-0123456789abcdef0",
        "instance_type": "g5.12xlarge",
        "zone": "us-east-1a",
    }
    return RunNode(**values | changes)


def a_run(run_id: str = "20261130-101500-7f3a", status: str = "running", **changes: Any) -> Run:
    """A run on two nodes, an hour after its start."""
    values: dict[str, Any] = {
        "environment": "dev",
        "run_id": run_id,
        "partition": "recsys-dev-two-tower-v2",
        "status": status,
        "name": "train",
        "experiment": "two-tower-v2",
        "nodes": 2,
        "command": "torchrun --nnodes 2 train.py --config configs/large.yaml --learning-rate 0.001",
        "submitted_by": ANA,
        "submitted_at": BEGIN,
        "started_at": at(2),
        "attempts": (Attempt(1, nodes=(a_node(0), a_node(1))),),
        "read_at": at(62),
    }
    return Run(**values | changes)
