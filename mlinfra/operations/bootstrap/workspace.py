"""The private folder that a bootstrap works in, and the certainty that it is the only one on this machine.

The folder lies in the user's own state directory, never in the checkout, and is emptied before and
after: whatever a killed bootstrap left there is not needed to go on.
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
from mlinfra.operations.terraform import Run, append_run, lock_record, read_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlinfra.declarations import Environment

_WAIT_SECONDS = 120.0


@dataclass(frozen=True)
class Workspace:
    """A folder that is empty at first, and only this bootstrap's."""

    path: Path
    killed: Run | None
    """The bootstrap before this one, if it did not come to an end in good order."""

    inherited: tuple[int, ...]
    """What every child has to inherit, so that the folder stays taken until the last one has ended."""


@contextmanager
def workspace(environment: Environment, *, announce: Callable[[str], None]) -> Iterator[Workspace]:
    """The folder for bootstrapping `environment`, until the end of the block.

    Args:
        environment: what is bootstrapped.
        announce: is told when another bootstrap has to be waited for.

    Raises:
        OperationError: where another bootstrap of it on this machine does not end within two minutes.
    """
    parent = user_state_path("mlinfra", ensure_exists=True) / "bootstrap"
    parent.mkdir(mode=0o700, exist_ok=True)
    name = _name(environment)
    with _taken(parent / f"{name}.run", environment, announce) as record:
        killed = read_run(record)
        append_run(record, Run.of_this_process())
        path = parent / name
        _empty(path)
        path.mkdir(mode=0o700)
        try:
            yield Workspace(path, killed, inherited=(record.fileno(),))
        finally:
            _empty(path)
            Path(record.name).unlink()


def _name(environment: Environment) -> str:
    """Unique in all of AWS, as the bucket's name is; local ones are told apart by their address."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    suffix = f"-{sha256(endpoint.encode()).hexdigest()[:8]}" if endpoint else ""
    return f"{environment.names.state_bucket}{suffix}"


def _taken(path: Path, environment: Environment, announce: Callable[[str], None]) -> IO[str]:
    """The record at `path`, once no process holds it: no bootstrap, no Terraform that outlived a killed one."""
    deadline = time.monotonic() + _WAIT_SECONDS
    announced = False
    while True:
        record = path.open("a+")
        if lock_record(record, path):
            return record
        holder = read_run(record)
        record.close()
        since = f"process {holder.pid}, since {holder.started:%Y-%m-%d %H:%M:%S} UTC" if holder else "just started"
        if time.monotonic() > deadline:
            message = (
                f"Another bootstrap of {environment.name!r}, or its Terraform, still runs on this machine ({since}). "
                "Run this again when it has ended."
            )
            raise OperationError(message)
        if not announced:
            announce(f"Waiting for another bootstrap of {environment.name!r} to end ({since})")
            announced = True
        time.sleep(0.5)


def _empty(path: Path) -> None:
    if path.exists():
        shutil.rmtree(path)
