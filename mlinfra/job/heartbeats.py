"""A thread that reports a job, so that training waits for AWS at its very end alone."""

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
"""How long the end of a job waits for AWS, in seconds. Docker kills a container 10 seconds after SIGTERM."""


class Heartbeats:
    """The life of a job as its process sees it.

    One thread tells AWS, one thing after the other: no heartbeat can come after the end. A fork of the process, such
    as a data loader's worker, has no such thread: whatever ends the fork is not told as the end of the job.
    """

    def __init__(self, reporter: Callable[[], Reporter | None], *, seconds: float, restartable: bool) -> None:
        """Begin.

        Args:
            reporter: finds out, in the thread, who reports; None where nobody can.
            seconds: the time between two heartbeats.
            restartable: whether a failure is not the end, because a launcher begins again after it.
        """
        self._reporter = reporter
        self._seconds = seconds
        self._restartable = restartable
        self._signal: str | None = None
        # The one queue that a signal handler may write to while it interrupts somebody who writes to it.
        self._ending: queue.SimpleQueue[Outcome | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="mlinfra.job", daemon=True)
        self._thread.start()

    def note(self, signal_name: str) -> None:
        """Remember that the job was told to end: whatever way its block is left, it has not completed."""
        self._signal = signal_name

    def end(self, outcome: Outcome) -> None:
        """Say how the job ended, and wait until AWS knows, at most `END_SECONDS`. Only the first call counts.

        A failure that is followed by another start is no end: the heartbeats stop, the node stays protected.
        """
        if self._signal:
            outcome = Outcome.failed(self._signal)
        if self._restartable and outcome.status == JobStatus.FAILED:
            log.warning("The job failed, and its launcher may start it again: %s", outcome.reason)
            self._ending.put(None)
        else:
            self._ending.put(outcome)
        self._thread.join(END_SECONDS)
        if self._thread.is_alive():
            log.warning("AWS may not know how the job ended: it has not answered for %.0f seconds", END_SECONDS)

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
