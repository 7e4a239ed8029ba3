"""Diagnosis of a set-up: programs, project, credentials, state and quotas, each problem with its remedy."""

from __future__ import annotations

from mlinfra.operations.doctor.diagnosing import diagnose
from mlinfra.operations.doctor.diagnosis import Diagnosis, Status

__all__ = ["Diagnosis", "Status", "diagnose"]
