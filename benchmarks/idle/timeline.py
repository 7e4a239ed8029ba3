"""The simulated time of a replay: a queue of events."""

from __future__ import annotations

import heapq
import itertools
import math
import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Timeline:
    """Events in the order of their times, and random numbers by purpose."""

    def __init__(self, begins: float, seed: str) -> None:
        """A timeline without events.

        Args:
            begins: its present time, in epoch seconds.
            seed: the seed. The numbers for one purpose do not depend on those for others.
        """
        self.now = begins
        self.seed = seed
        self._queue: list[tuple[float, int, Callable[[], object]]] = []
        self._order = itertools.count()

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Plan `action`. A time in the past, or infinity, is ignored."""
        if math.isfinite(seconds) and seconds >= 0:
            heapq.heappush(self._queue, (self.now + seconds, next(self._order), action))

    def at(self, moment: float, action: Callable[[], object]) -> None:
        """Plan `action` at a time in epoch seconds."""
        self.after(moment - self.now, action)

    def advance(self, end: float) -> bool:
        """Carry out the next event. False: there is none until `end`."""
        if not self._queue or self._queue[0][0] > end:
            return False
        self.now, _, action = heapq.heappop(self._queue)
        action()
        return True

    def rng(self, purpose: str) -> random.Random:
        """Random numbers for one purpose, the same in each replay."""
        return random.Random(f"{self.seed}/{purpose}")  # noqa: S311  a replay is repeatable

    def lognormal(self, purpose: str, median: float, sigma: float) -> float:
        """A lognormally distributed time for one purpose, in seconds."""
        return median * math.exp(self.rng(purpose).gauss(0, sigma))
