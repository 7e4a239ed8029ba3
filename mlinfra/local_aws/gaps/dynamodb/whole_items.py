"""Gap: atomic writes of DynamoDB items.

moto puts an item into its table and then changes one attribute after the other, so that a concurrent read
returns a partly written item. In AWS, a read returns an item before or after an update. Source: DynamoDB
developer guide, "Working with items and attributes" (an update of one item is atomic), read 2026-11-24.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.responses import DynamoHandler

from mlinfra.local_aws.mechanisms.extending import wrap

if TYPE_CHECKING:
    from collections.abc import Callable

_one_at_a_time = threading.RLock()
"""One lock for all tables, which is sufficient on one machine."""


def is_open() -> bool:
    """True if moto changes an item that concurrent requests can read."""
    return "UpdateExpressionExecutor" in DynamoDBBackend.update_item.__code__.co_names


def close() -> None:
    """Close the gap: answer one request at a time. A result refers to the table's own items until it is serialized."""
    wrap(DynamoHandler, "call_action", _alone)


def _alone(original: Callable[..., Any], handler: Any) -> Any:  # noqa: ANN401  moto's
    with _one_at_a_time:
        return original(handler)
