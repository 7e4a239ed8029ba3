"""Drift: differences between AWS and the state of Terraform, and the principals that made them."""

from __future__ import annotations

from mlinfra.operations.drift.baseline import Baseline, FileBaseline, ParameterBaseline
from mlinfra.operations.drift.checking import CheckedDrift, check_drift, notifiers
from mlinfra.operations.drift.detection import Options, detect_drift
from mlinfra.operations.drift.ignore_list import IGNORE_FILE
from mlinfra.operations.drift.rendering import description, to_json, to_markdown, way_back
from mlinfra.operations.drift.report import Difference, Report, StackReport
from mlinfra.operations.drift.reverting import Reverted, revert

__all__ = [
    "IGNORE_FILE",
    "Baseline",
    "CheckedDrift",
    "Difference",
    "FileBaseline",
    "Options",
    "ParameterBaseline",
    "Report",
    "Reverted",
    "StackReport",
    "check_drift",
    "description",
    "detect_drift",
    "notifiers",
    "revert",
    "to_json",
    "to_markdown",
    "way_back",
]
