"""An item of DynamoDB is written at once.

moto puts an item into its table and then changes one attribute after the other, so that whoever reads meanwhile sees
half of it. In AWS a read sees an item before or after an update. Source: DynamoDB developer guide, "Working with items
and attributes" (an update of one item is atomic), read 2026-11-24.
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
"""Of all tables: what runs on one machine has no need of more."""


def is_open() -> bool:
    """Whether moto still changes the item that others read."""
    return "UpdateExpressionExecutor" in DynamoDBBackend.update_item.__code__.co_names


def close() -> None:
    """Answer one request after the other: what a read has found is still the table's own until it is written out."""
    wrap(DynamoHandler, "call_action", _alone)


def _alone(original: Callable[..., Any], handler: Any) -> Any:  # noqa: ANN401  moto's
    with _one_at_a_time:
        return original(handler)
