"""Log events of CloudWatch Logs, cut from a file that a command writes.

Limits of PutLogEvents: 10,000 events and 1,048,576 bytes in a call, with 26 bytes added to each event; times in order,
and at most 24 hours apart. Source: CloudWatch Logs API reference, PutLogEvents, read 2026-11-29. An event may have
1 MB there and 256 KB in the documentation of several SDKs: the smaller limit is used.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENTS_IN_BATCH: Final = 10_000
BYTES_IN_BATCH: Final = 1_048_576
BYTES_OF_EVENT: Final = 26
"""Added to each event in the size of a batch."""
LONGEST_EVENT: Final = 256 * 1024 - BYTES_OF_EVENT
_LONGEST_LINE: Final = LONGEST_EVENT


class Lines:
    """Lines of a stream of bytes. Long lines are cut, invalid UTF-8 is replaced, and empty lines are left out.

    CloudWatch Logs refuses an event without text. A line that ends with a carriage return only, as progress bars write
    them, is a line of its own: otherwise a training epoch would be one event.
    """

    def __init__(self) -> None:
        """Begin with an empty line."""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""

    def feed(self, data: bytes, *, is_last: bool = False) -> Iterator[str]:
        """The lines that `data` completes.

        Args:
            data: the next bytes.
            is_last: True if no bytes follow: the line without an end is complete too. Default: False.
        """
        text = self._rest + self._decoder.decode(data, is_last)
        *lines, self._rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        for line in lines:
            yield from _cut(line)
        # A line without an end must not grow in memory.
        if is_last or len(self._rest) >= _LONGEST_LINE:
            rest, self._rest = self._rest, ""
            yield from _cut(rest)


class Batch:
    """Events of one call of PutLogEvents."""

    def __init__(self) -> None:
        """Begin without events."""
        self.events: list[dict[str, Any]] = []
        self._bytes = 0

    def add(self, line: str, at: int) -> bool:
        """Add a line with its time in epoch milliseconds. False: the batch is full."""
        size = len(line.encode()) + BYTES_OF_EVENT
        if len(self.events) == EVENTS_IN_BATCH or self._bytes + size > BYTES_IN_BATCH:
            return False
        # A clock that is set back must not change the order.
        latest = self.events[-1]["timestamp"] if self.events else at
        self.events.append({"timestamp": max(at, latest), "message": line})
        self._bytes += size
        return True


def _cut(line: str) -> Iterator[str]:
    if not line.strip():
        return
    if len(line) * 4 <= LONGEST_EVENT:  # a character has at most 4 bytes
        yield line
        return
    data = line.encode()
    while data:
        # Cutting within a character leaves invalid bytes, which belong to the next part.
        part = data[:LONGEST_EVENT].decode("utf-8", "ignore")
        yield part
        data = data[len(part.encode()) :]
