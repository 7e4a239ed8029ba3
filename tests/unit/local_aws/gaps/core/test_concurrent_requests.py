"""Requests that are answered while others change the same data."""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.local_aws.gaps.core import concurrent_requests

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


@pytest.mark.parametrize(("service", "together"), [("ec2", 1), ("autoscaling", 1), ("awslambda", 2), ("sqs", 2)])
def test_requests_wait_for_each_other_unless_their_service_waits_for_requests(
    monkeypatch: pytest.MonkeyPatch, service: str, together: int
) -> None:
    class Response:
        service_name = service

        def call_action(self) -> tuple[int, dict[str, str], str]:
            inside.append(self)
            counts.append(len(inside))
            other_is_inside.wait(0.3)
            if len(inside) > 1:
                other_is_inside.set()
                counts.append(len(inside))
            inside.remove(self)
            return 200, {}, ""

    inside: list[Response] = []
    counts: list[int] = []
    other_is_inside = threading.Event()
    monkeypatch.setattr(concurrent_requests, "BaseResponse", Response)
    assert concurrent_requests.is_open()
    concurrent_requests.close()
    threads = [threading.Thread(target=Response().call_action) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert max(counts) == together
