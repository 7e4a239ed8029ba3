"""Reports of this node in an attempt, and the run as it reads it."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from mlinfra.runner.contract import POLL_SECONDS, SEEN_FRESH_SECONDS, RunAttribute
from mlinfra.runner.liveness import Liveness

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.job.aws_clock import AwsClock
    from mlinfra.runner.nodes import ThisNode
    from mlinfra.runner.records import RunRecords
    from mlinfra.runner.state import RunState

log = logging.getLogger("mlinfra.runner")

_STEP_SECONDS: Final = 0.1
"""The interval in which the end of a step is noticed, in seconds."""


@dataclass(frozen=True)
class Intervals:
    """Intervals of the runner, in seconds."""

    poll: float = POLL_SECONDS
    """Between two reports of a node."""
    fresh: float = SEEN_FRESH_SECONDS
    """The time without a report after which a node is lost."""
    logs: float = 1.0
    """Between two calls of CloudWatch Logs."""
    checkpoints: float = 60.0
    """Between two scans of the checkpoints."""
    gpus: float = 30.0
    """Between two samples of the GPUs."""
    flush: float = 300.0
    """The time for which the end waits for CloudWatch Logs."""


@dataclass(frozen=True)
class Stop:
    """The reason to stop what this node does."""

    reason: str


class Pulse:
    """Reports this node every few seconds, and reads the run after each report. Errors of AWS end nothing."""

    def __init__(self, records: RunRecords, clock: AwsClock, node: ThisNode, intervals: Intervals) -> None:
        """Report nothing yet.

        Args:
            records: the records of the run.
            clock: the clock of AWS.
            node: this node.
            intervals: the intervals.
        """
        self._records = records
        self._clock = clock
        self._node = node
        self.intervals = intervals
        self.attempt = 0
        """The attempt that is reported. 0: none yet."""
        self.state: RunState | None = None
        """The run as it was read last. None: it was not read, or has no record."""
        self.lost: frozenset[str] = frozenset()
        """The ids of the lost nodes."""
        self.is_stopping = False
        """True if the service manager has asked this process to end."""
        self._values: dict[str, Any] = {}
        self._liveness = Liveness(intervals.fresh)
        self._due = 0.0
        self._failed = False
        self._before: Callable[[], None] = lambda: None

    def begin(self, attempt: int, **values: Any) -> None:  # noqa: ANN401  attributes of a record
        """Report this node in an attempt from now on."""
        self.attempt = attempt
        self._values = {
            RunAttribute.ADDRESS: self._node.address,
            RunAttribute.INSTANCE_TYPE: self._node.instance_type or None,
            RunAttribute.ZONE: self._node.zone or None,
            RunAttribute.IMAGE_ID: self._node.image_id or None,
            **values,
        }
        self._due = 0.0

    def set(self, **values: Any) -> None:  # noqa: ANN401  attributes of a record
        """Change attributes of the node's record. None removes one. They are written with the next report."""
        self._values.update(values)

    def step(self, name: str, detail: str = "") -> None:
        """Set the step of this node, and report it now."""
        self.set(**{RunAttribute.STEP: name, RunAttribute.DETAIL: detail or None})
        self._due = 0.0

    def say(self, detail: str) -> None:
        """Set the details of the step for people."""
        log.info("%s", detail)
        self.set(**{RunAttribute.DETAIL: detail})

    def before_reports(self, action: Callable[[], None]) -> None:
        """Call `action` before each report, to update attributes."""
        self._before = action

    @property
    def now(self) -> int:
        """Epoch seconds by the clock of AWS."""
        return self._clock.now()

    def beat(self, *, at_once: bool = False) -> bool:
        """Report and read, if it is time.

        Args:
            at_once: True: without waiting for the time. Default: False.

        Returns:
            True if the run was read.
        """
        now = time.monotonic()
        if not at_once and now < self._due:
            return False
        self._due = now + self.intervals.poll
        try:
            if self.state is None:
                self.state = self._records.read()  # sets the clock
            self._before()
            if self.attempt:
                self._records.write_node(self.attempt, self._node.instance_id, self._values)
            self.state = self._records.read()
        except Exception as error:  # noqa: BLE001  the next report is in a few seconds
            log.log(logging.DEBUG if self._failed else logging.WARNING, "the records are not accessible: %s", error)
            self._failed = True
            return False
        if self._failed:
            log.warning("the records are accessible again")
        self._failed = False
        nodes = self.state.nodes if self.state else {}
        reports = {name: each.seen_at for name, each in nodes.items() if name != self._node.instance_id}
        self.lost = self._liveness.observe(reports, time.monotonic())
        return True

    def wait(self) -> None:
        """Wait for a moment, then report if it is time."""
        time.sleep(min(_STEP_SECONDS, self.intervals.poll))
        self.beat()

    def confirm(self) -> None:
        """Report until AWS has accepted it, for as long as it takes."""
        while not self.beat(at_once=True) and not self.is_stopping:
            time.sleep(self.intervals.poll)

    def during(self, work: Callable[[], Any], stop: Callable[[], Stop | None]) -> Any:  # noqa: ANN401  what `work` returns
        """Do `work` in a thread while this node reports.

        Args:
            work: the work.
            stop: returns the reason not to wait for it any longer.

        Returns:
            What `work` returns.

        Raises:
            StoppedError: if there is a reason to stop. The thread is left behind.
            Exception: whatever `work` raises.
        """
        result: list[Any] = []
        failure: list[BaseException] = []

        def run() -> None:
            try:
                result.append(work())
            except BaseException as error:  # noqa: BLE001  raised again by the caller
                failure.append(error)

        thread = threading.Thread(target=run, name="mlinfra.runner.work", daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(_STEP_SECONDS)
            self.beat()
            if thread.is_alive() and (reason := stop()):
                raise StoppedError(reason)
        if failure:
            raise failure[0]
        return result[0]


class StoppedError(Exception):
    """The node has to stop what it does."""

    def __init__(self, stop: Stop) -> None:
        """Stop for this reason."""
        super().__init__(stop.reason)
        self.stop = stop
