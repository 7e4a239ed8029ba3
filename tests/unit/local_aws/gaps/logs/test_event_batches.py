"""Limits of batches of log events in the local AWS."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = int(time.time() * 1000)


@pytest.fixture
def put(client: Callable[..., Any]) -> Callable[[list[dict[str, Any]]], Any]:
    """Puts events to a new stream."""
    logs, name = client("logs"), f"/batches/{uuid.uuid4().hex}"
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(logGroupName=name, logStreamName="s")
    return lambda events: logs.put_log_events(logGroupName=name, logStreamName="s", logEvents=events)


def event(message: str, at: int = NOW) -> dict[str, Any]:
    return {"timestamp": at, "message": message}


def test_a_batch_at_the_limits_is_accepted(put: Callable[..., Any]) -> None:
    put([event("x")] * 10_000)
    put([event("ä" * 100_000)] * 5)
    put([event("x", NOW - 24 * 3_600_000), event("x")])


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([event("x")] * 10_001, "from 1 to 10000"),
        ([event("ä" * 100_000)] * 6, "Upload too large: 1200156 bytes exceeds limit of 1048576"),
        ([event("x" * 1_000_001)], "Log event too large: 1000001 bytes"),
        ([event("x", NOW - 24 * 3_600_000 - 1), event("x")], "cannot span more than 24 hours"),
    ],
)
def test_a_batch_over_a_limit_is_refused(put: Callable[..., Any], events: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ClientError, match=message):
        put(events)
