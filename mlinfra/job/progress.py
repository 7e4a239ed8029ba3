"""Progress of a job: the last step that training code reported."""

from __future__ import annotations

import faulthandler
import logging
import sys
import time
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

log = logging.getLogger("mlinfra.job")

Item = TypeVar("Item")


class Progress:
    """The last reported step. Reporting costs an assignment; the heartbeats write it to AWS."""

    def __init__(self, timeout_seconds: float) -> None:
        """Begin without progress: a job that never reports any is never hung.

        Args:
            timeout_seconds: the time without progress after which the job is hung.
        """
        self.timeout_seconds = timeout_seconds
        self._last: tuple[float, str] | None = None
        self._dumped: tuple[float, str] | None = None

    def report(self, step: object) -> None:
        """Record that training has reached `step`. None: the step is unknown."""
        self._last = (time.monotonic(), "" if step is None else str(step))

    @property
    def last(self) -> tuple[float, str] | None:
        """The age of the last progress in seconds, and its step as text. None: there was none."""
        last = self._last
        return None if last is None else (time.monotonic() - last[0], last[1])

    def dump_hang(self) -> bool:
        """Write the stacks of all threads to standard error if the job is hung, once for each hang.

        Returns:
            True if they were written.
        """
        last = self._last
        if last is None or last == self._dumped or time.monotonic() - last[0] <= self.timeout_seconds:
            return False
        self._dumped = last
        after = f" after step {last[1]}" if last[1] else ""
        log.error("No progress for %.0f minutes%s. The stacks follow:", self.timeout_seconds / 60, after)
        try:
            faulthandler.dump_traceback(sys.stderr, all_threads=True)
        except (AttributeError, OSError, RuntimeError, ValueError):
            # Standard error was replaced by an object that is not a file, as in notebooks.
            if sys.__stderr__ is not None:
                faulthandler.dump_traceback(sys.__stderr__, all_threads=True)
        return True


class Tracked(Generic[Item]):
    """An iterable that reports progress whenever an item of it was processed. Has the length of the original."""

    def __init__(self, progress: Progress, items: Iterable[Item], step: int) -> None:
        self._progress = progress
        self._items = items
        self._step = step

    def __iter__(self) -> Iterator[Item]:
        for item in self._items:
            yield item
            self._step += 1
            self._progress.report(self._step)

    def __len__(self) -> int:
        """The number of items, if the original has one."""
        return len(self._items)  # type: ignore[arg-type]  # the error of the original names its type
