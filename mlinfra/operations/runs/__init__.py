"""Runs on clusters and in queues: submission, history, comparison, reproduction."""

from __future__ import annotations

from mlinfra.operations.runs.cancellation import Cancellation, cancel_run
from mlinfra.operations.runs.history import LATEST, STATUSES, RunFilter, RunListing, find_run, list_runs
from mlinfra.operations.runs.recorded_run import Attempt, Run, RunNode

__all__ = [
    "LATEST",
    "STATUSES",
    "Attempt",
    "Cancellation",
    "Run",
    "RunFilter",
    "RunListing",
    "RunNode",
    "cancel_run",
    "find_run",
    "list_runs",
]
