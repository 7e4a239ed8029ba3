"""A file that records a run on this machine, locked by its process and by the programs that it started.

The lock is the operating system's: it ends with the last process that inherited the file, however that process ended.
A record that can be locked and is not empty therefore belongs to a run that was killed.
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import IO, TYPE_CHECKING, Any

from mlinfra.operations.terraform.orphans import end_orphaned_providers

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.operations.terraform.remote_state import StateLock


@dataclass(frozen=True)
class Run:
    """A recorded run."""

    pid: int
    started: datetime
    who: str
    """User and machine, as USER@HOST, in the form of Terraform's locks."""

    @classmethod
    def of_this_process(cls) -> Run:
        """A run of this process that starts now."""
        return cls(os.getpid(), datetime.now(timezone.utc), f"{_user()}@{socket.gethostname()}")

    def took(self, lock: StateLock) -> bool:
        """True if this run must have taken `lock`: the user and machine are the same, and the lock is not older.

        Other runs of the same kind are excluded by the record, and no other program uses this state.
        """
        return lock.who == self.who and lock.created >= self.started.replace(microsecond=0)


def lock_record(record: IO[str], path: Path) -> bool:
    """Lock `record`. Returns False if another process has locked it, or has removed the file at `path`.

    Providers that a killed Terraform left hold the lock as well. They are ended.
    """
    for _ in range(2):
        try:
            fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return os.path.samestat(os.fstat(record.fileno()), path.stat())
        except FileNotFoundError:
            return False
        except BlockingIOError:
            if not end_orphaned_providers(path):
                return False
    return False


def read_run(record: IO[str]) -> Run | None:
    """The recorded run: its first line is the start, each later line is a restart after the process was killed."""
    lines = _lines(record)
    if not lines:
        return None
    return Run(lines[-1]["pid"], datetime.fromisoformat(lines[0]["started"]), lines[0]["who"])


def read_holder(record: IO[str]) -> Run | None:
    """The last process that recorded itself."""
    lines = _lines(record)
    return Run(lines[-1]["pid"], datetime.fromisoformat(lines[-1]["started"]), lines[-1]["who"]) if lines else None


def append_run(record: IO[str], run: Run) -> None:
    """Add `run` to the record."""
    record.write(json.dumps({"pid": run.pid, "started": run.started.isoformat(), "who": run.who}) + "\n")
    record.flush()


def _lines(record: IO[str]) -> list[dict[str, Any]]:
    record.seek(0)
    lines: list[dict[str, Any]] = []
    for line in record:
        # The process may have been killed while it wrote the line.
        with suppress(ValueError):
            lines.append(json.loads(line))
    return lines


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        # A container may run with a user id that has no entry.
        return os.environ.get("USER") or str(os.getuid())
