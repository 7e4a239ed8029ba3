"""Reading of the log streams of a run, as they grow."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from mlinfra.functions.clients import Clients, error_code
from mlinfra.runner.contract import RunMarker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlinfra.operations.aws import AwsAccount

CALLS_A_SECOND: Final = 5.0
"""The rate of GetLogEvents. Its quota of 25 a second is shared by all users of the account and region, and cannot be
raised (CloudWatch Logs user guide, "CloudWatch Logs quotas", read 2026-11-30)."""
_NO_STREAM: Final = "ResourceNotFoundException"


@dataclass(frozen=True)
class LogLine:
    """A line that the command of a run wrote."""

    attempt: int
    rank: int
    text: str


class LogStreams:
    """The log streams of one run: a stream for each rank of each attempt."""

    def __init__(
        self,
        account: AwsAccount,
        group: str,
        run_id: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read the streams of a run in the log group `group`."""
        self._logs: Any = Clients(account.session).logs
        self._group = group
        self._run_id = run_id
        self._tokens: dict[tuple[int, int], str] = {}
        self._sleep = sleep
        self._monotonic = monotonic
        self._next_call = 0.0

    def new_lines(self, attempt: int, rank: int) -> Iterator[LogLine]:
        """The lines of a rank that were not read yet, up to the present end of its stream."""
        key = (attempt, rank)
        while True:
            token = self._tokens.get(key)
            answer = self._read(attempt, rank, startFromHead=True, **({"nextToken": token} if token else {}))
            if answer is None:
                return
            yield from _lines(attempt, rank, answer)
            self._tokens[key] = answer["nextForwardToken"]
            # The end is reached once the token is the one of the call. A page may be empty before (CloudWatch Logs API
            # reference, GetLogEvents, read 2026-11-30).
            if answer["nextForwardToken"] == token:
                return

    def last_lines(self, attempt: int, rank: int, count: int) -> list[LogLine]:
        """The last lines of a rank. Empty: its stream does not exist."""
        answer = self._read(attempt, rank, startFromHead=False, limit=count)
        return [] if answer is None else list(_lines(attempt, rank, answer))

    def _read(self, attempt: int, rank: int, **arguments: Any) -> dict[str, Any] | None:  # noqa: ANN401
        """One page of a stream, at the permitted rate. None: the stream does not exist."""
        self._sleep(max(self._next_call - self._monotonic(), 0.0))
        self._next_call = self._monotonic() + 1 / CALLS_A_SECOND
        stream = f"{RunMarker.RUNS}/{self._run_id}/{attempt}/{rank}"
        try:
            answer: dict[str, Any] = self._logs.get_log_events(
                logGroupName=self._group, logStreamName=stream, **arguments
            )
        except ClientError as error:
            if error_code(error) != _NO_STREAM:
                raise
            return None
        return answer


def _lines(attempt: int, rank: int, answer: dict[str, Any]) -> Iterator[LogLine]:
    for event in answer["events"]:
        yield LogLine(attempt, rank, str(event["message"]).rstrip("\n"))
