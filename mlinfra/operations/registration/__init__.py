"""Registration of the models of runs in SageMaker's model registry, and their versions."""

from __future__ import annotations

from mlinfra.operations.registration.metrics import METRICS_FILE, read_run_metrics
from mlinfra.operations.registration.registering import Registration, register_run
from mlinfra.operations.registration.versions import ModelVersion, list_versions

__all__ = ["METRICS_FILE", "ModelVersion", "Registration", "list_versions", "read_run_metrics", "register_run"]
