"""Thread that reports a job, so that training waits for AWS only at its end."""

from __future__ import annotations

import logging
import queue
import threading
from typing import TYPE_CHECKING

from mlinfra.functions.contract import JobStatus
from mlinfra.job.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.job.reporter import Reporter

log = logging.getLogger("mlinfra.job")

END_SECONDS = 8.0
"""The time for which the end of a job waits for AWS, in seconds. Docker kills a container 10 seconds after SIGTERM."""


class Heartbeats:
    """The reports of a job from its process.

    One thread reports to AWS, in order, so no heartbeat can follow the end. A fork of the process, such as a
    data loader's worker, has no such thread: the end of the fork is not reported as the end of the job.
    """

    def __init__(self, reporter: Callable[[], Reporter | None], *, seconds: float, restartable: bool) -> None:
        """Start the reports.

        Args:
            reporter: called in the thread, returns the reporter. None: the job cannot be reported.
            seconds: the time between two heartbeats.
            restartable: True if a launcher restarts the job after a failure, so that a failure is not its end.
        """
        self._reporter = reporter
        self._seconds = seconds
        self._restartable = restartable
        self._signal: str | None = None
        # The only queue that a signal handler may write to while it interrupts a write to the same queue.
        self._ending: queue.SimpleQueue[Outcome | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="mlinfra.job", daemon=True)
        self._thread.start()

    def note(self, signal_name: str) -> None:
        """Record that the job was asked to end: it has not completed, however its block ends."""
        self._signal = signal_name

    def end(self, outcome: Outcome) -> None:
        """Report how the job ended and wait for AWS, at most `END_SECONDS`. Only the first call has an effect.

        A failure before a restart is not the end: the heartbeats stop, and the node stays protected.
        """
        if self._signal:
            outcome = Outcome.failed(self._signal)
        if self._restartable and outcome.status == JobStatus.FAILED:
            log.warning("The job failed, and its launcher may restart it: %s", outcome.reason)
            self._ending.put(None)
        else:
            self._ending.put(outcome)
        self._thread.join(END_SECONDS)
        if self._thread.is_alive():
            log.warning("The end of the job may not be recorded: AWS has not responded for %.0f seconds", END_SECONDS)

    def leave(self) -> None:
        """Stop the heartbeats without an end: the job goes on in another process."""
        self._ending.put(None)
        self._thread.join(END_SECONDS)

    def _run(self) -> None:
        reporter = self._reporter()
        if reporter is None:
            return
        reporter.begin()
        while True:
            try:
                outcome = self._ending.get(timeout=self._seconds)
            except queue.Empty:
                reporter.beat()
            else:
                break
        if outcome:
            reporter.finish(outcome)
