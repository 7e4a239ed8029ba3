"""A file that says which process of this machine is at something, held by it and by the programs it started.

The lock on the file is the operating system's: it ends with the last process that inherited the file,
however that ended. So a record that can be taken, and is not empty, is that of a run that was killed.
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

if TYPE_CHECKING:
    from pathlib import Path

    from mlinfra.operations.terraform.remote_state import StateLock


@dataclass(frozen=True)
class Run:
    """A run as it is recorded."""

    pid: int
    started: datetime
    who: str
    """User and machine, as Terraform writes them into its locks."""

    @classmethod
    def of_this_process(cls) -> Run:
        """The run that begins now, in this process."""
        return cls(
            os.getpid(), datetime.now(timezone.utc), f"{pwd.getpwuid(os.getuid()).pw_name}@{socket.gethostname()}"
        )

    def took(self, lock: StateLock) -> bool:
        """Whether `lock` can only be of this run: of the same user and machine, and not older.

        No other run of its kind runs meanwhile, and nobody else has reason to touch this state.
        """
        return lock.who == self.who and lock.created >= self.started.replace(microsecond=0)


def lock_record(record: IO[str], path: Path) -> bool:
    """Lock `record`, unless another process has, or has removed the file at `path` since it was opened."""
    try:
        fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(record.fileno()), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False


def read_run(record: IO[str]) -> Run | None:
    """The run that is recorded: begun by the first line, and by every later one begun again after a kill."""
    record.seek(0)
    lines: list[dict[str, Any]] = []
    for line in record:
        # A line that a kill cut short says nothing.
        with suppress(ValueError):
            lines.append(json.loads(line))
    if not lines:
        return None
    return Run(lines[-1]["pid"], datetime.fromisoformat(lines[0]["started"]), lines[0]["who"])


def append_run(record: IO[str], run: Run) -> None:
    """Record `run`."""
    record.write(json.dumps({"pid": run.pid, "started": run.started.isoformat(), "who": run.who}) + "\n")
    record.flush()
