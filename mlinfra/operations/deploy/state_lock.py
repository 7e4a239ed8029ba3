"""Messages about a locked state: the holder, the time, and the remedy, from Terraform's error.

Terraform takes the lock, with the lock table that `MlStack` configures for the S3 backend. `remote_state.py` reads and
releases locks.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from mlinfra.command import own_command
from mlinfra.errors import OperationError
from mlinfra.functions.counting import counted
from mlinfra.operations.terraform import Run, StateLock

_LOCK_DELAY = timedelta(minutes=2)
"""The maximum time between the start of an apply and its lock. A later lock belongs to another process."""

_VERBS = {"OperationTypeApply": "has been applying it", "OperationTypePlan": "has been planning it"}


def held_lock(details: str) -> StateLock | None:
    """The lock in Terraform's error text; None if the error has another cause."""
    if "Error acquiring the state lock" not in details:
        return None
    fields = dict(re.findall(r"^\s*(ID|Operation|Who|Created):[ \t]+(.+?)\s*$", details, flags=re.MULTILINE))
    if len(fields) != len(("ID", "Operation", "Who", "Created")):
        return None
    created = datetime.strptime(fields["Created"][:19], "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
    return StateLock(id=fields["ID"], who=fields["Who"], operation=fields["Operation"], created=created)


def lock_error(lock: StateLock, stack: str, *, killed: Run | None, now: datetime) -> OperationError:
    """The error for a locked state: the holder, the time, and the remedy.

    Args:
        lock: the lock.
        stack: the stack of the state.
        killed: an apply of this stack on this machine that was killed, and none of whose processes is running.
        now: the current time.
    """
    since = f"since {lock.created:%Y-%m-%d %H:%M:%S} UTC ({_age(now - lock.created)})"
    release = f"{own_command()} unlock {stack}"
    if killed and killed.took(lock) and lock.created - killed.started < _LOCK_DELAY:
        return OperationError(
            f"The state of {stack} is locked {since} by your own apply on this machine, which was killed (process "
            f"{killed.pid}); none of its processes is running. Release the lock: {release}. Resources that it created "
            f"last may be missing in the state. Afterwards add them: {own_command()} recover {stack}"
        )
    doing = _VERBS.get(lock.operation, f"holds it for {lock.operation}")
    return OperationError(
        f"The state of {stack} is locked: {lock.who} {doing} {since}. Nothing was changed. Wait until that run has "
        f"completed, and try again. The lock of a killed process must be released by hand. First make sure that no run "
        f"is in progress: ask {lock.who.partition('@')[0]}, and check the pipelines. Only then: {release}"
    )


def _age(passed: timedelta) -> str:
    minutes = max(0, int(passed.total_seconds() // 60))
    if minutes < 1:
        return "less than a minute ago"
    if minutes < 120:  # noqa: PLR2004
        return f"{counted(minutes, 'minute')} ago"
    hours = minutes // 60
    return f"{hours} hours ago" if hours < 48 else f"{hours // 24} days ago"  # noqa: PLR2004
