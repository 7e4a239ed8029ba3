"""Runs on clusters and in queues: submission, history, comparison, reproduction."""

from __future__ import annotations

from mlinfra.operations.runs.cancellation import Cancellation, cancel_run
from mlinfra.operations.runs.comparison import CodeChange, ComparedFact, Comparison, compare_runs
from mlinfra.operations.runs.description import RunDescription, describe_run
from mlinfra.operations.runs.figures import RunFigures, run_figures
from mlinfra.operations.runs.history import (
    LATEST,
    STATUSES,
    AmbiguousRunError,
    RunFilter,
    RunListing,
    RunNotFoundError,
    find_run,
    is_run_id,
    list_runs,
)
from mlinfra.operations.runs.lookup import (
    EnvironmentRuns,
    find_run_everywhere,
    list_runs_everywhere,
    selected_environments,
)
from mlinfra.operations.runs.recorded_run import Attempt, Run, RunNode
from mlinfra.operations.runs.run_table import RecordsNotFoundError, RunTable

__all__ = [
    "LATEST",
    "STATUSES",
    "AmbiguousRunError",
    "Attempt",
    "Cancellation",
    "CodeChange",
    "ComparedFact",
    "Comparison",
    "EnvironmentRuns",
    "RecordsNotFoundError",
    "Run",
    "RunDescription",
    "RunFigures",
    "RunFilter",
    "RunListing",
    "RunNode",
    "RunNotFoundError",
    "RunTable",
    "cancel_run",
    "compare_runs",
    "describe_run",
    "find_run",
    "find_run_everywhere",
    "is_run_id",
    "list_runs",
    "list_runs_everywhere",
    "run_figures",
    "selected_environments",
]
