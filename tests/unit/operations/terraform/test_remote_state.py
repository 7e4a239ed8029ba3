from __future__ import annotations

import hashlib
import json
import threading
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.aws.account import account_of
from mlinfra.operations.terraform.remote_state import RemoteState
from tests.conftest import an_environment

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.local_aws.server import LocalAws

ENVIRONMENT = an_environment(account_id="123456789012")
BUCKET, TABLE, KEY = ENVIRONMENT.names.state_bucket, ENVIRONMENT.names.lock_table, ENVIRONMENT.names.state_key("state")
# As Terraform 1.11 writes it.
LOCK = {
    "ID": "33a0019b-7301-d141-0b67-10ae59b3d7fe",
    "Operation": "OperationTypeApply",
    "Info": "",
    "Who": "ana@laptop",
    "Version": "1.11.4",
    "Created": "2026-11-24T12:52:51.257853463Z",
    "Path": f"{BUCKET}/{KEY}",
}


@pytest.fixture
def state(local_aws: LocalAws) -> RemoteState:  # noqa: ARG001
    return RemoteState(account_of(ENVIRONMENT), ENVIRONMENT, "state")


@pytest.fixture
def bucket_and_table(client: Callable[[str], Any]) -> None:
    client("s3").create_bucket(Bucket=BUCKET)
    client("dynamodb").create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )


def lock_in_both_ways(client: Callable[[str], Any], lock: dict[str, str]) -> None:
    text = json.dumps(lock)
    row = {"LockID": {"S": f"{BUCKET}/{KEY}"}, "Info": {"S": text}}
    client("dynamodb").put_item(TableName=TABLE, Item=row)
    client("s3").put_object(Bucket=BUCKET, Key=f"{KEY}.tflock", Body=text)


def test_nothing_is_there_before_the_first_bootstrap(state: RemoteState) -> None:
    assert not state.bucket_exists()
    assert not state.exists()
    assert state.locks() == []


@pytest.mark.usefixtures("bucket_and_table")
def test_a_bucket_without_the_state(state: RemoteState) -> None:
    assert state.bucket_exists()
    assert not state.exists()


@pytest.mark.usefixtures("bucket_and_table")
def test_a_state_is_found_with_its_size(state: RemoteState, client: Callable[[str], Any]) -> None:
    client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=b"12345")
    assert state.exists()
    assert state.size_bytes() == 5


@pytest.mark.usefixtures("bucket_and_table")
def test_a_wrong_checksum_is_found_and_repaired(state: RemoteState, client: Callable[[str], Any]) -> None:
    assert not state.checksum_differs()
    client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=b"12345")
    assert not state.checksum_differs()  # Terraform compares only what is recorded
    row = {"LockID": {"S": f"{BUCKET}/{KEY}-md5"}, "Digest": {"S": "0" * 32}}
    client("dynamodb").put_item(TableName=TABLE, Item=row)
    assert state.checksum_differs()
    state.repair_checksum()
    assert not state.checksum_differs()
    (found,) = client("dynamodb").scan(TableName=TABLE)["Items"]
    assert found["Digest"]["S"] == hashlib.md5(b"12345", usedforsecurity=False).hexdigest()


class Forbidding(BaseHTTPRequestHandler):
    """The answer of S3 about a bucket of another account. The local AWS does not check the owner of a bucket."""

    def do_HEAD(self) -> None:
        self.send_response(403)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


@pytest.mark.usefixtures("local_aws")
def test_a_bucket_of_another_account_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with HTTPServer(("127.0.0.1", 0), Forbidding) as s3:
        threading.Thread(target=s3.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{s3.server_port}")
        state = RemoteState(account_of(ENVIRONMENT), ENVIRONMENT, "state")
        expected = (
            rf"The bucket '{BUCKET}' exists and belongs to another account, or the credentials do not permit access"
        )
        with pytest.raises(OperationError, match=expected):
            state.exists()
        s3.shutdown()


@pytest.mark.usefixtures("bucket_and_table")
def test_a_lock_says_who_holds_it_and_since_when(state: RemoteState, client: Callable[[str], Any]) -> None:
    lock_in_both_ways(client, LOCK)
    row, file = state.locks()
    assert row == file
    assert (row.id, row.who, row.operation) == (LOCK["ID"], "ana@laptop", "OperationTypeApply")
    assert row.created == datetime(2026, 11, 24, 12, 52, 51, tzinfo=timezone.utc)


@pytest.mark.usefixtures("bucket_and_table")
def test_a_released_lock_is_deleted_from_table_and_bucket(state: RemoteState, client: Callable[[str], Any]) -> None:
    lock_in_both_ways(client, LOCK)
    state.release(state.locks()[0])
    assert state.locks() == []


@pytest.mark.usefixtures("bucket_and_table")
def test_a_lock_that_was_taken_by_another_process_meanwhile_is_not_released(
    state: RemoteState, client: Callable[[str], Any]
) -> None:
    lock_in_both_ways(client, LOCK)
    seen = state.locks()[0]
    lock_in_both_ways(client, {**LOCK, "ID": "another"})
    state.release(seen)
    assert [lock.id for lock in state.locks()] == ["another", "another"]


@pytest.mark.usefixtures("bucket_and_table")
def test_an_outdated_checksum_is_repaired(state: RemoteState, client: Callable[[str], Any]) -> None:
    row = f"{BUCKET}/{KEY}-md5"
    client("dynamodb").put_item(TableName=TABLE, Item={"LockID": {"S": row}, "Digest": {"S": "of the state before"}})
    client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=b"the state after")
    state.repair_checksum()
    stored = client("dynamodb").get_item(TableName=TABLE, Key={"LockID": {"S": row}})["Item"]["Digest"]["S"]
    assert stored == hashlib.md5(b"the state after", usedforsecurity=False).hexdigest()


@pytest.mark.usefixtures("bucket_and_table")
def test_where_there_is_no_checksum_none_is_made(state: RemoteState, client: Callable[[str], Any]) -> None:
    client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=b"state")
    state.repair_checksum()
    assert client("dynamodb").scan(TableName=TABLE)["Count"] == 0
