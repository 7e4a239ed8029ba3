"""Reads of DynamoDB items that are being written."""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


ATTRIBUTES = [f"a{number}" for number in range(20)]


def test_a_partly_written_item_is_never_returned(client: Callable[..., Any]) -> None:
    dynamodb, name = client("dynamodb"), f"whole-{uuid.uuid4().hex[:8]}"
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    written = threading.Event()

    def write() -> None:
        for number in range(40):
            dynamodb.update_item(
                TableName=name,
                Key={"id": {"S": str(number)}},
                UpdateExpression="SET " + ", ".join(f"{each} = :v" for each in ATTRIBUTES),
                ExpressionAttributeValues={":v": {"S": "x"}},
            )
        written.set()

    writer = threading.Thread(target=write)
    writer.start()
    sizes = set()
    while not written.is_set():
        sizes |= {len(item) for item in dynamodb.scan(TableName=name)["Items"]}
    writer.join()
    assert sizes <= {len(ATTRIBUTES) + 1}
    assert len(dynamodb.scan(TableName=name)["Items"]) == 40
