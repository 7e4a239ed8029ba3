"""Specifications of runs for tests."""

from __future__ import annotations

from typing import Any

from mlinfra.runner.specification import Provenance, RunSpecification

RUN_ID = "20261129-120000-0001"
CLUSTER = "recsys-dev-two-tower-v2"
TABLE = "recsys-dev-mlinfra"
BUCKET = "recsys-dev-models"
LOG_GROUP = "/mlinfra/recsys/dev/training/two-tower-v2"


def specification(**changes: Any) -> RunSpecification:
    """A run of one node, with these changes."""
    values: dict[str, Any] = {
        "run_id": RUN_ID,
        "name": "two-tower-v2",
        "environment": "dev",
        "project": "recsys",
        "region": "us-east-1",
        "experiment": "two-tower-v2",
        "partition": CLUSTER,
        "table": TABLE,
        "bucket": BUCKET,
        "log_group": LOG_GROUP,
        "command": ("python3", "train.py"),
        "nodes": 1,
        "instance_type": "g5.xlarge",
        "gpus": 1,
        "efa_adapters": 0,
        "provenance": Provenance(submitted_by="arn:aws:iam::111111111111:user/ana", submitted_at=0.0, mlinfra="1.0"),
        **changes,
    }
    values.setdefault("prefix", f"two-tower-v2/runs/{values['run_id']}/")
    return RunSpecification(**values)
