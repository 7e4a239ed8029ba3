"""Runs on clusters and in queues: submission, history, comparison, reproduction."""

from __future__ import annotations

from mlinfra.operations.runs.availability import Availability
from mlinfra.operations.runs.cancellation import Cancellation, cancel_run
from mlinfra.operations.runs.code_folder import code_again, is_same_code
from mlinfra.operations.runs.comparison import CodeChange, ComparedFact, Comparison, compare_runs
from mlinfra.operations.runs.delivery import Delivery
from mlinfra.operations.runs.description import RunDescription, describe_run
from mlinfra.operations.runs.figures import RunFigures, run_figures
from mlinfra.operations.runs.following import Display, FailedNode, Following, state_text
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
    list_runs_of,
)
from mlinfra.operations.runs.launching import (
    Launch,
    check_launch,
    launch,
    start_on_nodes,
    start_on_ready_nodes,
)
from mlinfra.operations.runs.log_streams import LogLine, LogStreams
from mlinfra.operations.runs.lookup import (
    EnvironmentRuns,
    find_run_everywhere,
    list_runs_everywhere,
    selected_environments,
)
from mlinfra.operations.runs.occupancy import Admission, expect_no_active_run
from mlinfra.operations.runs.queue_launching import launch_in_queue, select_place
from mlinfra.operations.runs.queue_submission import QueuePlace, QueueRequest
from mlinfra.operations.runs.recorded_run import Attempt, Run, RunNode
from mlinfra.operations.runs.reproduction import Reproduction, plan_reproduction, queue_again, request_again
from mlinfra.operations.runs.request import RunRequest, parse_pairs
from mlinfra.operations.runs.run_objects import read_specification
from mlinfra.operations.runs.run_table import RecordsNotFoundError, RunTable
from mlinfra.operations.runs.selection import select_experiment
from mlinfra.operations.runs.submission import PreparedRun, prepared, read_submitted
from mlinfra.operations.runs.tracking import TrackedRun, open_tracking, tracked_runs
from mlinfra.operations.runs.waiting import NotReadyError

__all__ = [
    "LATEST",
    "STATUSES",
    "Admission",
    "AmbiguousRunError",
    "Attempt",
    "Availability",
    "Cancellation",
    "CodeChange",
    "ComparedFact",
    "Comparison",
    "Delivery",
    "Display",
    "EnvironmentRuns",
    "FailedNode",
    "Following",
    "Launch",
    "LogLine",
    "LogStreams",
    "NotReadyError",
    "PreparedRun",
    "QueuePlace",
    "QueueRequest",
    "RecordsNotFoundError",
    "Reproduction",
    "Run",
    "RunDescription",
    "RunFigures",
    "RunFilter",
    "RunListing",
    "RunNode",
    "RunNotFoundError",
    "RunRequest",
    "RunTable",
    "TrackedRun",
    "cancel_run",
    "check_launch",
    "code_again",
    "compare_runs",
    "describe_run",
    "expect_no_active_run",
    "find_run",
    "find_run_everywhere",
    "is_run_id",
    "is_same_code",
    "launch",
    "launch_in_queue",
    "list_runs",
    "list_runs_everywhere",
    "list_runs_of",
    "open_tracking",
    "parse_pairs",
    "plan_reproduction",
    "prepared",
    "queue_again",
    "read_specification",
    "read_submitted",
    "request_again",
    "run_figures",
    "select_experiment",
    "select_place",
    "selected_environments",
    "start_on_nodes",
    "start_on_ready_nodes",
    "state_text",
    "tracked_runs",
]
