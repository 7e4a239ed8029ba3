"""Following of a run: the lines of chosen ranks, its steps, and its end.

Reading only: nothing that happens here affects the run.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from botocore.exceptions import ClientError, ConnectionError as NoConnectionError, HTTPClientError

from mlinfra.command import own_command
from mlinfra.errors import OperationError
from mlinfra.functions.clients import error_code
from mlinfra.functions.counting import counted
from mlinfra.operations.aws import aws_errors_explained
from mlinfra.operations.runs.history import reread_run
from mlinfra.operations.runs.log_streams import LogStreams
from mlinfra.runner import RunStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from mlinfra.operations.runs.log_streams import LogLine
    from mlinfra.operations.runs.recorded_run import Run, RunNode
    from mlinfra.operations.runs.run_table import RunTable

FOLLOW_SECONDS: Final = 2.0
"""The interval of the checks, in seconds."""
_LONGEST_PAUSE_SECONDS: Final = 30.0
_QUIET_CHECKS: Final = 2
"""The number of checks without a new line after which an ended run is read completely: CloudWatch Logs shows events a
few seconds after they were sent."""
_LAST_LINES: Final = 20
_STEPS: Final = ("joining", "checking", "preparing", "running", "uploading", "ended")
_TRANSIENT: Final = frozenset(
    {
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "Throttling",
        "ThrottlingException",
    }
)


class Display(Protocol):
    """A receiver of the output of a run."""

    def line(self, line: LogLine) -> None:
        """Show a line of the command."""

    def status(self, text: str) -> None:
        """Show a change of the state of the run, as a sentence."""


@dataclass(frozen=True)
class FailedNode:
    """The node of the rank that failed first."""

    rank: int
    instance_id: str | None
    exit_code: int | None
    last_lines: tuple[str, ...] = field(default=())


class Following:
    """Follows one run."""

    def __init__(
        self,
        table: RunTable,
        run: Run,
        log_group: str,
        display: Display,
        *,
        ranks: Collection[int] | None = (0,),
        seconds: float = FOLLOW_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Follow a run.

        Args:
            table: the records of its environment.
            run: the run.
            log_group: the log group of its streams.
            display: receives lines and changes of its state.
            ranks: the ranks whose lines are shown. None: all. Default: rank 0.
            seconds: the interval of the checks, in seconds. Default: 2.
            sleep: waits for a number of seconds.
            monotonic: the clock, in seconds.
        """
        self._table = table
        self._run = run
        self._display = display
        self._ranks = ranks
        self._seconds = seconds
        self._sleep = sleep
        self._streams = LogStreams(table.account, log_group, run.run_id, sleep=sleep, monotonic=monotonic)
        self._shown: str | None = None
        self._read_completely: set[int] = set()
        self._failures = 0

    def to_end(self) -> Run:
        """Follow the run until it has ended. Lost connections are retried.

        Raises:
            OperationError: if AWS refuses, such as because the credentials have expired.
        """
        quiet = 0
        while quiet < _QUIET_CHECKS:
            with self._retried():
                run = self._reread()
                self._show_state(run)
                is_new = self._show_lines(run)
                quiet = quiet + 1 if not run.is_active and not is_new else 0
            self._sleep(self._pause())
        return self._run

    def present_lines(self) -> Run:
        """Show the lines that exist now, of all attempts.

        Raises:
            OperationError: if AWS refuses.
        """
        run = self._reread()
        with aws_errors_explained():
            self._show_lines(run)
        return run

    def failed_node(self) -> FailedNode | None:
        """The node of the rank that failed first, with its last lines. None: no rank failed.

        The lines are those of a rank that was not followed; the others were shown.
        """
        run = self._run
        rank = run.failed_rank
        attempt = run.last_attempt
        if rank is None or attempt is None:
            return None
        node = next((each for each in attempt.nodes if each.rank == rank), None)
        lines: tuple[str, ...] = ()
        if self._ranks is not None and rank not in self._ranks:
            with aws_errors_explained():
                found = self._streams.last_lines(attempt.number, rank, _LAST_LINES)
            lines = tuple(each.text for each in found)
        instance = run.failed_instance or (node.instance_id if node else None)
        code = node.exit_code if node and node.exit_code is not None else run.exit_code
        return FailedNode(rank, instance, code, lines)

    def _reread(self) -> Run:
        self._run = reread_run(self._table, self._run)
        return self._run

    def _show_lines(self, run: Run) -> bool:
        """Show the new lines. True: there were any."""
        count = 0
        for attempt in range(1, run.attempt + 1):
            if attempt in self._read_completely:
                continue
            for rank in self._followed_ranks(run):
                for line in self._streams.new_lines(attempt, rank):
                    self._display.line(line)
                    count += 1
            # The last attempt but one sends its last lines while the next one begins.
            if attempt < run.attempt - 1:
                self._read_completely.add(attempt)
        return bool(count)

    def _followed_ranks(self, run: Run) -> Collection[int]:
        return range(run.array_size or run.nodes or 1) if self._ranks is None else self._ranks

    def _show_state(self, run: Run) -> None:
        text = state_text(run)
        if text != self._shown and run.is_active:
            self._display.status(text)
        self._shown = text

    @contextmanager
    def _retried(self) -> Iterator[None]:
        """Count a lost connection instead of raising it.

        Raises:
            OperationError: for every other error, with the way to continue.
        """
        try:
            with aws_errors_explained():
                yield
        except OperationError as error:
            if not _is_transient(error):
                message = (
                    f"The run {self._run.run_id} can no longer be followed: {error.message} The run goes on. To follow "
                    f"it again: {own_command()} runs logs {self._run.run_id}"
                )
                raise OperationError(message, details=error.details) from error
            if not self._failures:
                self._display.status(f"{error.message} The run goes on; trying again.")
            self._failures += 1
        else:
            if self._failures:
                self._display.status("AWS responds again.")
            self._failures = 0

    def _pause(self) -> float:
        return min(self._seconds * 2.0 ** min(self._failures, 8), max(_LONGEST_PAUSE_SECONDS, self._seconds))


def state_text(run: Run) -> str:
    """The state of a run, as a sentence."""
    total = run.nodes or 1
    attempt = run.last_attempt
    number = f"Attempt {run.attempt} of {run.most_attempts}: " if run.attempt > 1 else ""
    if run.status == RunStatus.RETRYING:
        why = f" ({run.reason})" if run.reason else f" ({run.fault})" if run.fault else ""
        return f"{number}the last attempt was lost{why}; waiting for {counted(total, 'node')}."
    nodes = attempt.nodes if attempt else ()
    if run.array_size is not None or (run.batch_job is not None and not nodes):
        return f"{number}{_queue_text(run, nodes)}"
    if attempt is None or not attempt.members:
        return f"{number}{len(nodes)} of {counted(total, 'node')} {'has' if total == 1 else 'have'} joined."
    slowest = min(nodes, key=_step_number, default=None)
    if slowest is None:
        return f"{number}starting on {counted(total, 'node')}."
    detail = f" ({slowest.detail})" if slowest.detail and slowest.step != "running" else ""
    if slowest.step == "running":
        return f"{number}running on {counted(len(attempt.members), 'node')}."
    return f"{number}{slowest.step}: {slowest.instance_id}{detail}."


def _queue_text(run: Run, nodes: Sequence[RunNode]) -> str:
    if not nodes:
        return f"waiting in the queue{f' ({run.reason})' if run.reason else ''}."
    ended = sum(each.step == "ended" for each in nodes)
    return f"{len(nodes)} of {run.array_size} jobs have started, {ended} ended."


def _step_number(node: RunNode) -> int:
    return _STEPS.index(node.step) if node.step in _STEPS else len(_STEPS)


def _is_transient(error: OperationError) -> bool:
    """True for a lost connection and for a busy service."""
    cause = error.__cause__
    if isinstance(cause, ClientError):
        status = cause.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return error_code(cause) in _TRANSIENT or status >= 500  # noqa: PLR2004  errors of the server
    return isinstance(cause, NoConnectionError | HTTPClientError)
