"""Checks of all stacks of a project, and their findings as text, JSON, SARIF or JUnit."""

from __future__ import annotations

from mlinfra.operations.checks.as_junit import junit
from mlinfra.operations.checks.as_sarif import sarif
from mlinfra.operations.checks.checkov import checkov_findings, failed_checks
from mlinfra.operations.checks.finding import CheckFinding, CheckReport
from mlinfra.operations.checks.running import run_checks

__all__ = ["CheckFinding", "CheckReport", "checkov_findings", "failed_checks", "junit", "run_checks", "sarif"]
