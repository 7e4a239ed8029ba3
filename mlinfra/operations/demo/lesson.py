"""Progress of the demo: steps with their purpose, and the time that is left."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlinfra.operations.terraform import Progress, Step

_SLOWEST = 6.0
"""The most that a machine counts as slower than the one of the measured times."""


class Lesson:
    """Shows the steps of the demo, each with its purpose, and in each the minutes that are left.

    The time that is left is that of the steps that have not ended, as measured on two idle processors, multiplied by
    how much slower the ended ones were on this machine.
    """

    def __init__(self, progress: Progress, expected_seconds: float) -> None:
        """Begin now.

        Args:
            progress: receives the steps.
            expected_seconds: the measured time of all steps, in seconds.
        """
        self._progress = progress
        self._started = time.monotonic()
        self._expected = expected_seconds
        self._ended = 0.0

    @contextmanager
    def step(self, title: str, purpose: str = "", *, seconds: float = 0.0) -> Iterator[Step]:
        """Show a step until the end of the block.

        Args:
            title: the command or the action.
            purpose: why it is done, in a few words. Default: none.
            seconds: its part of the expected time. Default: 0, for steps beside others.
        """
        with self._progress.step(f"{title}: {purpose}" if purpose else title) as step:
            timed = _TimedStep(step, self)
            timed.say("")
            yield timed
        self._ended += seconds

    def left(self) -> str:
        """The time that is left, in words."""
        elapsed = time.monotonic() - self._started
        slowness = min(max(elapsed / self._ended, 1.0), _SLOWEST) if self._ended else 1.0
        minutes = (self._expected - self._ended) * slowness / 60
        return f"about {minutes:.0f} min left" if minutes > 1 else "about a minute left"


class _TimedStep:
    """A step whose details begin with the time that is left."""

    def __init__(self, step: Step, lesson: Lesson) -> None:
        self._step = step
        self._lesson = lesson

    def say(self, line: str) -> None:
        """Show a detail."""
        self._step.say(f"{self._lesson.left()}  {line}")

    def wait_for(self, reason: str) -> None:
        """Show the reason for which the step waits."""
        self._step.wait_for(reason)

    def conclude(self, result: str) -> None:
        """Set the result."""
        self._step.conclude(result)
