"""What Terraform says about a state that somebody else holds locked, as a sentence with what to do.

Whether the holder still runs is known where it is an apply of this machine: each leaves a record that
is held as long as it, or the Terraform that it started, is there.
"""

from __future__ import annotations

import json
import os
import re
import time
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from typing import IO, TYPE_CHECKING

from platformdirs import user_state_path

from mlinfra.command import own_command
from mlinfra.errors import OperationError
from mlinfra.operations.terraform import Run, StateLock, append_run, lock_record, read_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LOOK_SECONDS = 0.2
_SOON = timedelta(minutes=2)
"""How long after its start Terraform has taken the lock of an apply. A later one is somebody else's."""

_VERBS = {"OperationTypeApply": "applies", "OperationTypePlan": "plans"}


class Taken:
    """A stack that only this process applies, as far as this machine goes."""

    def __init__(self, record: IO[str]) -> None:
        """Keep what `record` says of the apply before."""
        self._record = record
        self.killed = read_run(record)
        """The apply before this one, if it did not come to an end in good order."""
        self.is_left_behind = False

    @property
    def inherited(self) -> tuple[int, ...]:
        """What Terraform has to inherit, so that the stack stays taken until it has ended."""
        return (self._record.fileno(),)

    def begin(self) -> None:
        """Record that Terraform applies from now on."""
        self._write(Run.of_this_process())

    def leave_behind(self) -> None:
        """Keep this apply on record: it did not come to an end in good order."""
        self.is_left_behind = True

    def restore(self) -> None:
        """Leave the record as it was found: whoever comes next has to know as much."""
        if not self.is_left_behind:
            self._write(self.killed)

    def _write(self, run: Run | None) -> None:
        self._record.truncate(0)
        if run:
            append_run(self._record, run)


@contextmanager
def taken(stack: str, state: str) -> Iterator[Taken]:
    """Take a stack for an apply, until the end of the block.

    Args:
        stack: its id.
        state: what tells it from stacks of that id elsewhere, such as bucket and key of its state.

    Raises:
        OperationError: where another apply of it, or its Terraform, still runs on this machine.
    """
    path = _record_path(stack, state)
    with path.open("a+") as record:
        if not lock_record(record, path):
            raise OperationError(_running_here(stack, read_run(record)))
        taken_ = Taken(record)
        try:
            yield taken_
        except BaseException:
            taken_.restore()
            raise
        path.unlink()


def held_lock(details: str) -> StateLock | None:
    """The lock that Terraform's error speaks of; None where it is about something else."""
    if "Error acquiring the state lock" not in details:
        return None
    fields = dict(re.findall(r"^\s*(ID|Operation|Who|Created):[ \t]+(.+?)\s*$", details, flags=re.MULTILINE))
    if len(fields) != len(("ID", "Operation", "Who", "Created")):
        return None
    created = datetime.strptime(fields["Created"][:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
    return StateLock(id=fields["ID"], who=fields["Who"], operation=fields["Operation"], created=created)


def explain(lock: StateLock, stack: str, folder: Path, *, killed: Run | None, now: datetime) -> OperationError:
    """Who holds the state of `stack`, since when, and what to do about it.

    Args:
        lock: what is held.
        stack: whose state.
        folder: where Terraform can release it.
        killed: an apply of this stack on this machine of which it is known that it was killed, and that
            nothing of it runs.
        now: the present time.
    """
    since = f"since {lock.created:%Y-%m-%d %H:%M:%S} UTC ({_ago(now - lock.created)})"
    release = f"cd {folder} && terraform init && terraform force-unlock {lock.id}"
    if killed and killed.took(lock) and lock.created - killed.started < _SOON:
        return OperationError(
            f"The state of {stack} is locked {since} by an apply of your own on this machine that was killed (process "
            f"{killed.pid}), and nothing of it runs any more. Release the lock: {release}. What it made last may be "
            f"missing in the state, so plan anew and read what would be created: {own_command()} plan {stack}"
        )
    doing = _VERBS.get(lock.operation, f"is at {lock.operation}")
    return OperationError(
        f"The state of {stack} is locked: {lock.who} {doing} {since}. Nothing was changed. Wait until that has ended, "
        f"and try again. A lock that stays after its process was killed has to be released by hand. First make sure "
        f"that nobody runs it: ask {lock.who.partition('@')[0]}, and look at the pipelines. Only then: {release}"
    )


def killed_here(stack: str, state: str) -> Run | None:
    """The apply of `stack` on this machine that was killed, and of which nothing runs any more; None where none was."""
    path = _record_path(stack, state)
    if not path.is_file():
        return None
    with path.open("a+") as record:
        return read_run(record) if lock_record(record, path) else None


def expect_nobody_here(stack: str, state: str) -> None:
    """Find out whether an apply of `stack` runs on this machine.

    Raises:
        OperationError: where one does, or the Terraform that it started.
    """
    path = _record_path(stack, state)
    if path.is_file():
        with path.open("a+") as record:
            if not lock_record(record, path):
                raise OperationError(_running_here(stack, read_run(record)))


def runs_here(stack: str, state: str, *, patience: float) -> bool:
    """Whether an apply of `stack`, or what one has started, still runs on this machine after `patience` seconds."""
    deadline = time.monotonic() + patience
    while True:
        try:
            expect_nobody_here(stack, state)
        except OperationError:
            if time.monotonic() > deadline:
                return True
            time.sleep(_LOOK_SECONDS)
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
    place = f"{os.environ.get('AWS_ENDPOINT_URL', '')} {state}"
    return folder / f"{stack}-{sha256(place.encode()).hexdigest()[:12]}.run"


def _running_here(stack: str, holder: Run | None) -> str:
    since = f"process {holder.pid}, since {holder.started:%Y-%m-%d %H:%M:%S} UTC" if holder else "just started"
    return (
        f"Another apply of {stack}, or the Terraform that it started, still runs on this machine ({since}). Nothing "
        f"was changed. Wait until it has ended; it writes the state and releases the lock by itself."
    )


def _ago(passed: timedelta) -> str:
    minutes = max(0, int(passed.total_seconds() // 60))
    if minutes < 1:
        return "less than a minute ago"
    if minutes < 120:  # noqa: PLR2004
        return f"{minutes} minute{'s' if minutes > 1 else ''} ago"
    hours = minutes // 60
    return f"{hours} hours ago" if hours < 48 else f"{hours // 24} days ago"  # noqa: PLR2004
