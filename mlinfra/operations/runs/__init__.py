"""Runs on clusters and in queues: submission, history, comparison, reproduction."""

from __future__ import annotations

from mlinfra.operations.runs.cancellation import Cancellation, cancel_run
from mlinfra.operations.runs.delivery import Delivery
from mlinfra.operations.runs.following import Display, FailedNode, Following, state_text
from mlinfra.operations.runs.history import LATEST, STATUSES, RunFilter, RunListing, find_run, list_runs
from mlinfra.operations.runs.launching import (
    Launch,
    check_launch,
    launch,
    read_submitted,
    start_on_nodes,
    start_on_ready_nodes,
)
from mlinfra.operations.runs.log_streams import LogLine, LogStreams
from mlinfra.operations.runs.recorded_run import Attempt, Run, RunNode
from mlinfra.operations.runs.request import RunRequest, parse_pairs
from mlinfra.operations.runs.run_table import RunTable
from mlinfra.operations.runs.selection import select_experiment
from mlinfra.operations.runs.submission import PreparedRun, prepared
from mlinfra.operations.runs.waiting import NotReadyError

__all__ = [
    "LATEST",
    "STATUSES",
    "Attempt",
    "Cancellation",
    "Delivery",
    "Display",
    "FailedNode",
    "Following",
    "Launch",
    "LogLine",
    "LogStreams",
    "NotReadyError",
    "PreparedRun",
    "Run",
    "RunFilter",
    "RunListing",
    "RunNode",
    "RunRequest",
    "RunTable",
    "cancel_run",
    "check_launch",
    "find_run",
    "launch",
    "list_runs",
    "parse_pairs",
    "prepared",
    "read_submitted",
    "select_experiment",
    "start_on_nodes",
    "start_on_ready_nodes",
    "state_text",
]
