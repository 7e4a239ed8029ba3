"""Detection of lost nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class Liveness:
    """The nodes whose reports stay the same for too long while this node reads them without interruption.

    Times of other nodes are never compared with a clock of this one. And nodes are not lost because DynamoDB does not
    respond for some minutes, to this node or to all: after a gap between two reads the time begins again.
    """

    def __init__(self, fresh_seconds: float) -> None:
        """Know nothing yet.

        Args:
            fresh_seconds: the time for which a report may stay the same, in seconds.
        """
        self._fresh = fresh_seconds
        self._longest_gap = fresh_seconds / 2
        self._read_at: float | None = None
        self._seen: dict[str, tuple[int, float]] = {}

    def observe(self, reports: Mapping[str, int], now: float) -> frozenset[str]:
        """The ids of the lost nodes.

        Args:
            reports: the times of the last reports that were just read, by the id of the node.
            now: seconds on the monotonic clock.
        """
        if self._read_at is not None and now - self._read_at > self._longest_gap:
            self._seen.clear()
        self._read_at = now
        for name, report in reports.items():
            known = self._seen.get(name)
            if known is None or known[0] != report:
                self._seen[name] = (report, now)
        return frozenset(name for name in reports if now - self._seen[name][1] > self._fresh)
