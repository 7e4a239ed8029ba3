"""Signals that end a process, reported to AWS before it ends."""

from __future__ import annotations

import logging
import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mlinfra.job.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from mlinfra.job.heartbeats import Heartbeats

log = logging.getLogger("mlinfra.job")

_SIGNALS = (signal.SIGTERM, signal.SIGHUP)
"""SIGHUP comes when the terminal or the Session Manager session of a job closes. SIGINT is an exception already."""


@contextmanager
def reporting_termination(heartbeats: Heartbeats) -> Iterator[None]:
    """Report SIGTERM and SIGHUP to `heartbeats` during the block. Ignored signals stay ignored."""
    if threading.current_thread() is not threading.main_thread():
        log.info("A signal that ends this job will not be reported: Python handles signals only in the main thread")
        yield
        return
    handlers = [
        _Handler(signum, previous, heartbeats)
        for signum in _SIGNALS
        # None: a handler that was not set by Python, and that Python could not restore.
        if (previous := signal.getsignal(signum)) is not None and previous is not signal.SIG_IGN
    ]
    for handler in handlers:
        handler.install()
    try:
        yield
    finally:
        for handler in handlers:
            handler.uninstall()


class _Handler:
    """Reports one signal, then runs the handler that was set before.

    Training code that handles the signal itself, to save a checkpoint, is still at work when its handler
    returns. So the end is reported only when the block ends, and the node is kept until then.
    """

    def __init__(self, signum: signal.Signals, previous: Any, heartbeats: Heartbeats) -> None:  # noqa: ANN401  what signal.getsignal returns
        self._signal = signum
        self._previous = previous
        self._heartbeats = heartbeats
        # The handler of an enclosing job does not belong to training code.
        self._training_has_its_own: bool = (
            previous._training_has_its_own if isinstance(previous, _Handler) else callable(previous)  # noqa: SLF001
        )

    def install(self) -> None:
        signal.signal(self._signal, self)

    def uninstall(self) -> None:
        """Restore the previous handler, unless training code has set another one since."""
        current: object = signal.getsignal(self._signal)
        if current is self:
            signal.signal(self._signal, self._previous)

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        signal.signal(signum, self._previous)
        if self._training_has_its_own:
            self._heartbeats.note(self._signal.name)
        else:
            self._heartbeats.end(Outcome.failed(self._signal.name))
        if callable(self._previous):
            self._previous(signum, frame)
            return
        signal.raise_signal(signum)
        # Reached only in the first process of a container, for which the kernel omits the default action.
        os._exit(128 + signum)
