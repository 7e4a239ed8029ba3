"""Copy of the command's output in CloudWatch Logs, sent while the command writes it to a file.

The file is the buffer: the command never waits for CloudWatch Logs, and memory holds one batch only. If CloudWatch
Logs does not respond, lines are sent later, and at the end for a limited time.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from mlinfra.runner.log_lines import Batch, Lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mlinfra.job.aws_clock import AwsClock

log = logging.getLogger("mlinfra.runner")

_READ_BYTES: Final = 256 * 1024
_LONGEST_PAUSE_SECONDS: Final = 30.0
_PAUSE_OF_BATCHES_SECONDS: Final = 0.1
"""The pause while more than a batch waits: ten calls a second, less than the quota of PutLogEvents."""
SENT_LIMIT_BYTES: Final = 4 << 30
"""The output of one attempt and node that is sent at most. CloudWatch Logs charges 0.50 USD for each GB (CloudWatch
pricing, us-east-1, read 2026-11-29), and a command that prints in a loop writes 100 GB in an hour."""


class LogWriter:
    """Sends the lines of a growing file to a log stream, in a thread of its own."""

    def __init__(
        self,
        logs: Any,  # noqa: ANN401  boto3 has no types
        clock: AwsClock,
        *,
        group: str,
        stream: str,
        file: Path,
        seconds: float = 1.0,
        limit_bytes: int = SENT_LIMIT_BYTES,
    ) -> None:
        """Start the thread.

        Args:
            logs: boto3's client of CloudWatch Logs.
            clock: the clock of AWS.
            group: the log group.
            stream: the log stream, which is created.
            file: the file, which exists.
            seconds: the time between two calls, in seconds. Default: 1.
            limit_bytes: the number of bytes of the file that are sent at most. Default: 4 GiB.
        """
        self._logs = logs
        # The clock of AWS has whole seconds only, and lines of several nodes are shown in the order of their times.
        self._ahead = (clock.now() if clock.is_set else time.time()) - time.monotonic()
        self._names = {"logGroupName": group, "logStreamName": stream}
        self._seconds = seconds
        self._limit = limit_bytes
        self._file = file.open("rb")
        self._lines = Lines()
        self._waiting: deque[str] = deque()
        self._position = 0
        self._is_created = False
        self._warned = False
        self._ending = threading.Event()
        self._deadline = float("inf")
        self._thread = threading.Thread(target=self._run, name="mlinfra.runner.logs", daemon=True)
        self._thread.start()

    def close(self, seconds: float) -> bool:
        """Send the rest, for a limited time.

        Args:
            seconds: the limit.

        Returns:
            True if all lines were sent. The file has all of them in any case.
        """
        self._deadline = time.monotonic() + seconds
        self._ending.set()
        self._thread.join(seconds + 5)
        if self._thread.is_alive():
            log.warning("CloudWatch Logs does not respond; the output is in %s", self._file.name)
            return False
        self._file.close()
        if self._waiting:
            log.warning("not all output was sent to CloudWatch Logs; it is in %s", self._file.name)
        return not self._waiting

    def _run(self) -> None:
        pause = self._seconds
        while time.monotonic() < self._deadline:
            is_ending = self._ending.is_set()
            try:
                self._create()
                sent = self._send(is_last=is_ending)
            except Exception as error:  # noqa: BLE001  logs must not end the run
                if not self._warned:
                    log.warning("output could not be sent to CloudWatch Logs, and is tried again: %s", error)
                self._warned = True
                pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
                time.sleep(min(pause, max(0.0, self._deadline - time.monotonic())))
                continue
            pause = self._seconds
            if is_ending and not sent and not self._waiting:
                return
            self._ending.wait(_PAUSE_OF_BATCHES_SECONDS if sent and self._waiting else self._seconds)
            if self._ending.is_set() and sent:
                time.sleep(_PAUSE_OF_BATCHES_SECONDS)

    def _create(self) -> None:
        if self._is_created:
            return
        with suppress(self._logs.exceptions.ResourceAlreadyExistsException):
            self._logs.create_log_stream(**self._names)
        self._is_created = True

    def _send(self, *, is_last: bool) -> int:
        """Send one batch, and return the number of its lines."""
        batch = Batch()
        at = int((time.monotonic() + self._ahead) * 1000)
        taken: list[str] = []
        for line in self._pending(is_last=is_last):
            if not batch.add(line, at):
                break
            taken.append(self._waiting.popleft())
        if taken:
            try:
                self._logs.put_log_events(**self._names, logEvents=batch.events)
            except BaseException:
                self._waiting.extendleft(reversed(taken))
                raise
        return len(taken)

    def _pending(self, *, is_last: bool) -> Iterator[str]:
        """The lines to send, read from the file as they are needed. The first of `_waiting` is each time the next."""
        while True:
            if not self._waiting and not self._read(is_last=is_last):
                return
            if self._waiting:
                yield self._waiting[0]

    def _read(self, *, is_last: bool) -> bool:
        """Read the next bytes of the file. False: there are none."""
        if self._position > self._limit:
            return False
        data = self._file.read(_READ_BYTES)
        self._position += len(data)
        self._waiting.extend(self._lines.feed(data, is_last=is_last and not data))
        if self._position > self._limit:
            self._waiting.append(
                f"mlinfra: {self._limit >> 20} MiB of output were sent. The rest is on the node only, in "
                f"{self._file.name}."
            )
        return bool(data) or bool(self._waiting)
