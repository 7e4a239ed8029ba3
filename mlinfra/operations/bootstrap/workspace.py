"""The private folder of a bootstrap, and the exclusion of a second bootstrap on this machine.

The folder is in the user's state directory, never in the checkout. It is emptied before and after a bootstrap, which
requires no file of an earlier one.
"""

from __future__ import annotations

import os
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING

from platformdirs import user_state_path

from mlinfra.errors import OperationError
from mlinfra.operations.terraform import Run, append_run, lock_record, read_holder, read_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlinfra.declarations import Environment

_WAIT_SECONDS = 120.0
_CHILD_SECONDS = 3.0
"""The time for providers to end after their Terraform."""


@dataclass(frozen=True)
class Workspace:
    """A folder that is empty at first, for this bootstrap only."""

    path: Path
    killed: Run | None
    """The previous bootstrap, if it was killed."""

    inherited: tuple[int, ...]
    """The descriptors that child processes inherit, so that the lock is held until the last one has ended."""


@contextmanager
def workspace(environment: Environment, *, announce: Callable[[str], None]) -> Iterator[Workspace]:
    """The folder for bootstrapping `environment`, until the end of the block.

    Args:
        environment: the environment.
        announce: receives a sentence if another bootstrap must complete first.

    Raises:
        OperationError: if another bootstrap of it on this machine does not end within two minutes.
    """
    parent = user_state_path("mlinfra", ensure_exists=True) / "bootstrap"
    parent.mkdir(mode=0o700, exist_ok=True)
    name = _name(environment)
    with _locked_record(parent / f"{name}.run", environment, announce) as record:
        killed = read_run(record)
        append_run(record, Run.of_this_process())
        path = parent / name
        _empty(path)
        path.mkdir(mode=0o700)
        try:
            yield Workspace(path, killed, inherited=(record.fileno(),))
        except BaseException:
            record.close()
            _clean_up_unless_running(path, Path(record.name))
            raise
        _empty(path)
        Path(record.name).unlink()


def _clean_up_unless_running(path: Path, record_path: Path) -> None:
    """Remove the folder and the record, unless a child process, which holds the inherited lock, is still running.

    An interrupted Terraform that was not waited for still needs them. The next bootstrap waits for its end.
    """
    deadline = time.monotonic() + _CHILD_SECONDS
    with record_path.open("a+") as record:
        while not lock_record(record, record_path):
            if time.monotonic() > deadline:
                return
            time.sleep(0.1)
        _empty(path)
        record_path.unlink()


def _name(environment: Environment) -> str:
    """The name of the state bucket, unique in all of AWS; for a local AWS, with its address."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    suffix = f"-{sha256(endpoint.encode()).hexdigest()[:8]}" if endpoint else ""
    return f"{environment.names.state_bucket}{suffix}"


def _locked_record(path: Path, environment: Environment, announce: Callable[[str], None]) -> IO[str]:
    """The locked record at `path`, after any other bootstrap, and the Terraform of a killed one, have ended."""
    deadline = time.monotonic() + _WAIT_SECONDS
    announced = False
    while True:
        record = path.open("a+")
        if lock_record(record, path):
            return record
        holder = read_holder(record)
        record.close()
        since = f"process {holder.pid}, since {holder.started:%Y-%m-%d %H:%M:%S} UTC" if holder else "just started"
        if time.monotonic() > deadline:
            message = (
                f"Another bootstrap of {environment.name!r}, or its Terraform, is still running on this machine "
                f"({since}). Run the command again when it has ended."
            )
            raise OperationError(message)
        if not announced:
            announce(f"Waiting for another bootstrap of {environment.name!r} to end ({since})")
            announced = True
        time.sleep(0.5)


def _empty(path: Path) -> None:
    if path.exists():
        shutil.rmtree(path)
