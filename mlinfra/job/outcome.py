"""Outcome of a job."""

from __future__ import annotations

import traceback
from dataclasses import dataclass

from mlinfra.functions.contract import JobStatus

_REASON_CHARACTERS = 500
"""Some libraries put whole tensors into the message of an exception."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of a job, with the reason of a failure."""

    status: str
    reason: str = ""

    @classmethod
    def failed(cls, reason: str) -> Outcome:
        """A failure, with its reason limited to 500 characters."""
        return cls(JobStatus.FAILED, reason[:_REASON_CHARACTERS])

    @classmethod
    def of(cls, error: BaseException) -> Outcome:
        """The outcome of a job whose block raised `error`."""
        if not isinstance(error, SystemExit):
            # Handles exceptions whose __str__ fails; the lines after the first are notes.
            return cls.failed(traceback.format_exception_only(type(error), error)[0].strip())
        if error.code is None or error.code == 0:
            return COMPLETED
        return cls.failed(f"exit status {error.code}" if isinstance(error.code, int) else str(error.code))


COMPLETED = Outcome(JobStatus.COMPLETED)


class JobContinues(Exception):  # noqa: N818  not an error
    """Raised in a job's block to leave it without an end: the job goes on in another process.

    The heartbeats stop, and the node stays protected. If the job does not go on, its last heartbeat is too old after 15
    minutes, and it no longer keeps its cluster.
    """
