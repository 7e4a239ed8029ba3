"""Gap: limits of PutLogEvents.

moto accepts batches of any size. AWS refuses a batch of more than 1,048,576 bytes (the messages in UTF-8, and 26 bytes
for each event) or 10,000 events, an event of more than 1 MB, and valid events that span more than 24 hours. Source:
CloudWatch Logs API reference, PutLogEvents, in the models of botocore 1.40 and later, read 2026-11-30. The messages of
the errors are not documented.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from moto.logs.exceptions import InvalidParameterException
from moto.logs.models import LogsBackend

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

_BATCH_BYTES: Final = 1_048_576
_EVENT_OVERHEAD: Final = 26
_EVENTS: Final = 10_000
_EVENT_BYTES: Final = 1_000_000
_SPAN_MILLISECONDS: Final = 24 * 60 * 60 * 1000


def is_open() -> bool:
    """True if moto does not know the longest span of a batch."""
    return not {_EVENTS, _BATCH_BYTES} & set(LogsBackend.put_log_events.__code__.co_consts)


def close() -> None:
    """Close the gap: refuse batches over the limits."""
    wrap(LogsBackend, "put_log_events", _put)


def _put(
    original: Callable[..., object],
    backend: LogsBackend,
    log_group_name: str,
    log_stream_name: str,
    log_events: list[dict[str, Any]],
) -> object:
    sizes = [len(each["message"].encode()) for each in log_events]
    if not 1 <= len(log_events) <= _EVENTS:
        _refuse(f"The number of log events in a batch must be from 1 to {_EVENTS}.")
    if sum(sizes) + _EVENT_OVERHEAD * len(sizes) > _BATCH_BYTES:
        _refuse(f"Upload too large: {sum(sizes) + _EVENT_OVERHEAD * len(sizes)} bytes exceeds limit of {_BATCH_BYTES}")
    if max(sizes) > _EVENT_BYTES:
        _refuse(f"Log event too large: {max(sizes)} bytes exceeds limit of {_EVENT_BYTES}")
    times = [int(each["timestamp"]) for each in log_events]
    if max(times) - min(times) > _SPAN_MILLISECONDS:
        _refuse("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
    return original(backend, log_group_name, log_stream_name, log_events)


def _refuse(message: str) -> None:
    raise InvalidParameterException(message)
