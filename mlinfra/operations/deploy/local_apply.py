"""Exclusive applies on this machine: a record per stack, locked while an apply or its Terraform is running.

The lock is the operating system's and is inherited by Terraform, so it ends with the last of these processes, however
they end. A record that is not locked and not empty belongs to an apply that was killed.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import contextmanager
from hashlib import sha256
from typing import IO, TYPE_CHECKING

from platformdirs import user_state_path

from mlinfra.errors import OperationError
from mlinfra.operations.terraform import Run, append_run, lock_record, read_holder, read_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_POLL_SECONDS = 0.2


class LocalApply:
    """The exclusive right of this process to apply a stack, on this machine."""

    def __init__(self, record: IO[str]) -> None:
        """Read the previous apply from `record`, and record this process as the holder."""
        self._record = record
        self.killed = read_run(record)
        """The previous apply, if it was killed."""
        self._is_kept = False
        append_run(record, Run.of_this_process())

    @property
    def inherited(self) -> tuple[int, ...]:
        """The descriptors that Terraform inherits, so that the lock is held until it has ended."""
        return (self._record.fileno(),)

    def begin(self) -> None:
        """Record that Terraform is applying from now on."""
        self._write(Run.of_this_process())

    def keep_record(self) -> None:
        """Keep the record of this apply: it was interrupted or killed."""
        self._is_kept = True

    def restore(self) -> None:
        """Restore the record of the previous apply, which the next one requires."""
        if not self._is_kept:
            self._write(self.killed)

    def _write(self, run: Run | None) -> None:
        self._record.truncate(0)
        if run:
            append_run(self._record, run)


@contextmanager
def local_apply(stack: str, state: str) -> Iterator[LocalApply]:
    """Reserve a stack for an apply, until the end of the block.

    Args:
        stack: the id of the stack.
        state: the bucket and key of its state, which distinguish stacks of the same id.

    Raises:
        OperationError: if another apply of the stack, or its Terraform, is running on this machine.
    """
    path = _record_path(stack, state)
    with path.open("a+") as record:
        if not lock_record(record, path):
            raise OperationError(_running_message(stack, read_holder(record)))
        held = LocalApply(record)
        try:
            yield held
        except BaseException:
            held.restore()
            raise
        path.unlink()


def killed_local_apply(stack: str, state: str) -> Run | None:
    """The last apply of `stack` on this machine, if it was killed and none of its processes is running."""
    path = _record_path(stack, state)
    if not path.is_file():
        return None
    with path.open("a+") as record:
        return read_run(record) if lock_record(record, path) else None


def require_no_local_apply(stack: str, state: str) -> None:
    """Check that no apply of `stack` is running on this machine.

    Raises:
        OperationError: if an apply, or the Terraform that it started, is running.
    """
    path = _record_path(stack, state)
    if path.is_file():
        with path.open("a+") as record:
            if not lock_record(record, path):
                raise OperationError(_running_message(stack, read_holder(record)))


def is_applied_locally(stack: str, state: str, *, patience: float) -> bool:
    """True if an apply of `stack`, or its Terraform, is still running on this machine after `patience` seconds."""
    deadline = time.monotonic() + patience
    while True:
        try:
            require_no_local_apply(stack, state)
        except OperationError:
            if time.monotonic() > deadline:
                return True
            time.sleep(_POLL_SECONDS)
        else:
            return False


def state_of(stack: Path) -> str:
    """The bucket and key of the state of the synthesized stack in the folder `stack`."""
    backend = json.loads((stack / "cdk.tf.json").read_text())["terraform"]["backend"]
    settings = backend.get("s3", {})
    return f"{settings.get('bucket')}/{settings.get('key')}"


def _record_path(stack: str, state: str) -> Path:
    folder = user_state_path("mlinfra", ensure_exists=True) / "apply"
    folder.mkdir(mode=0o700, exist_ok=True)
    location = f"{os.environ.get('AWS_ENDPOINT_URL', '')} {state}"
    return folder / f"{stack}-{sha256(location.encode()).hexdigest()[:12]}.run"


def _running_message(stack: str, holder: Run | None) -> str:
    since = f"process {holder.pid}, since {holder.started:%Y-%m-%d %H:%M:%S} UTC" if holder else "just started"
    return (
        f"Another apply of {stack}, or the Terraform that it started, is still running on this machine ({since}). "
        f"Nothing was changed. Wait until it has completed; it then writes the state and releases the lock."
    )
