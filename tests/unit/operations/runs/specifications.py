"""A specification of a run."""

from __future__ import annotations

from typing import Any

from mlinfra.runner import Code, Provenance, RunSpecification, Virtualenv
from tests.unit.operations.runs.recorded import ANA, RUN_ID


def a_specification(**changes: Any) -> RunSpecification:
    """The specification of a run on two nodes, with `changes`."""
    run_id = changes.get("run_id", RUN_ID)
    prefix = f"two-tower-v2/runs/{run_id}/"
    values: dict[str, Any] = {
        "run_id": run_id,
        "name": "train",
        "environment": "dev",
        "project": "recsys",
        "region": "us-east-1",
        "experiment": "two-tower-v2",
        "partition": "recsys-dev-two-tower-v2",
        "table": "recsys-dev-clusters",
        "bucket": "recsys-dev-models",
        "prefix": prefix,
        "log_group": "/mlinfra/recsys/dev/training/two-tower-v2",
        "command": ("torchrun", "train.py"),
        "nodes": 2,
        "instance_type": "g5.12xlarge",
        "gpus": 4,
        "efa_adapters": 0,
        "variables": {"SEED": "7"},
        "code": Code("two-tower-v2/code/ab.tar.gz", "ab" * 32, 1_250_000),
        "virtualenv": Virtualenv("requirements.txt", "cd" * 32, "3.11"),
        "provenance": Provenance(
            submitted_by=ANA,
            submitted_at=1796033700.0,
            mlinfra="0.1.0",
            repository="https://gitlab.example.com/ml/ranker",
            commit="1" * 40,
            branch="main",
            patch_key=f"{prefix}changes.patch",
            infrastructure_commit="2" * 40,
            infrastructure_plan="3" * 64,
            data={"features/clicks/": "2026-11-24"},
        ),
    }
    return RunSpecification(**values | changes)
