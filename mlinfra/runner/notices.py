"""Notice that EC2 will terminate a node of the run, as its command receives it."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mlinfra.job import TerminationNotice
    from mlinfra.runner.state import RunState


@dataclass(frozen=True)
class RunNotice:
    """EC2 will terminate a node of the run."""

    instance_id: str
    ends_at: int
    """The time at which EC2 begins to terminate it, in epoch seconds."""
    reason: str


def first_notice(own_id: str, own: TerminationNotice | None, state: RunState | None) -> RunNotice | None:
    """The notice that ends first, of this node or of another member. None: there is none.

    All nodes of a run work together, so the notice of one is that of all.

    Args:
        own_id: the id of this node.
        own: the notice of this node. None: there is none.
        state: the run as it was read last. None: unknown.
    """
    found = [RunNotice(own_id, int(own.ends_at.timestamp()), own.reason)] if own else []
    for member in state.members if state else ():
        node = state.nodes.get(member.instance_id) if state else None
        if node is not None and node.notice_ends_at is not None and member.instance_id != own_id:
            found.append(RunNotice(member.instance_id, node.notice_ends_at, node.notice_reason))
    return min(found, key=lambda each: each.ends_at, default=None)


class NoticeForCommand:
    """Writes the notice file at once, and sends the signal at its time."""

    def __init__(self, file: Path, *, signum: int, seconds: int) -> None:
        """Remove the file of an earlier attempt.

        Args:
            file: the notice file.
            signum: the signal.
            seconds: the time before the end at which the signal is sent, in seconds.
        """
        self._file, self._signum, self._seconds = file, signum, seconds
        self._written: RunNotice | None = None
        self.signalled = False
        file.unlink(missing_ok=True)

    def handle(self, notice: RunNotice | None, now: int, send: Callable[[int], bool]) -> None:
        """Act on the notice that is known now.

        A command that has just started may not handle the signal yet: it is sent again at the next call.

        Args:
            notice: the notice. None: there is none.
            now: epoch seconds by the clock of AWS.
            send: sends the signal to the command. False: no process handles it.
        """
        if notice is None:
            return
        if notice != self._written:
            self._write(notice)
        if not self.signalled and now >= notice.ends_at - self._seconds:
            self.signalled = send(self._signum)

    def signal_early(self, send: Callable[[int], bool]) -> bool:
        """Send the signal of a known notice before its time, because another node has ended early and SIGTERM follows.

        Args:
            send: sends the signal to the command. False: no process handles it.

        Returns:
            True if the command was sent another signal than SIGTERM, now or before, and may save now.
        """
        if self._written is None or self._signum == signal.SIGTERM:
            return False
        self.signalled = self.signalled or send(self._signum)
        return self.signalled

    def _write(self, notice: RunNotice) -> None:
        ends_at = datetime.fromtimestamp(notice.ends_at, tz=timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        values = {"ends_at": ends_at, "reason": notice.reason, "instance_id": notice.instance_id}
        partial = self._file.with_name(f"{self._file.name}.new")
        partial.write_text(json.dumps(values) + "\n", encoding="utf-8")
        partial.chmod(0o644)
        partial.replace(self._file)
        self._written = notice


def signal_number(name: str) -> int:
    """The number of a signal such as SIGUSR1.

    Raises:
        ValueError: if there is no such signal.
    """
    try:
        return int(signal.Signals[name])
    except KeyError:
        message = f"{name!r} is not a signal. Expected: a name such as SIGTERM or SIGUSR1."
        raise ValueError(message) from None
