"""Gap: concurrent requests, which see each other's half-finished changes.

A read in moto can return a partly written DynamoDB item, and a request fails if another one changes the dictionary
that it iterates (`mechanisms/one_at_a_time.py`). In AWS, requests do not disturb each other, and a read returns an item
before or after an update. Here one request is answered at a time. Source: DynamoDB developer guide, "Working with items
and attributes" (an update of one item is atomic), read 2026-11-24. Not covered: S3, whose requests moto answers
elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from moto.core.responses import BaseResponse

from mlinfra.local_aws.mechanisms.extending import wrap
from mlinfra.local_aws.mechanisms.one_at_a_time import one_at_a_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from moto.core.common_types import TYPE_RESPONSE

_WAITING: Final = frozenset({"apigateway", "awslambda", "sqs", "stepfunctions", "swf"})
"""Services whose requests wait for other requests: a function that calls AWS, a message that a client sends."""


def is_open() -> bool:
    """True if moto answers requests without a lock."""
    return not any("lock" in name for name in BaseResponse.call_action.__code__.co_names)


def close() -> None:
    """Close the gap: answer one request at a time. A result refers to moto's own data until it is serialized."""
    wrap(BaseResponse, "call_action", _alone)


def _alone(original: Callable[[BaseResponse], TYPE_RESPONSE], response: BaseResponse) -> TYPE_RESPONSE:
    if response.service_name in _WAITING:
        return original(response)
    with one_at_a_time:
        return original(response)
