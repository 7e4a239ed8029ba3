"""Checks of an account, in a local AWS."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.operations.doctor import Status
from mlinfra.operations.doctor.account import check_account
from tests.conftest import an_environment, an_experiment

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.operations.doctor import Diagnosis

ENVIRONMENT = an_environment(name="local", account_id="123456789012", emulated=True)
NAMES = ENVIRONMENT.names
NOW = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)
STATE = json.dumps({"version": 4, "serial": 1, "lineage": "x", "resources": []})


def found() -> list[Diagnosis]:
    return list(check_account(ENVIRONMENT, now=NOW))


def texts(status: Status) -> list[str]:
    return [each.text for each in found() if each.status is status]


@pytest.fixture
def made(client: Callable[..., Any]) -> Callable[..., Any]:
    """The state of one stack, with its bucket and lock table."""
    client("s3").create_bucket(Bucket=NAMES.state_bucket)
    client("s3").put_bucket_versioning(Bucket=NAMES.state_bucket, VersioningConfiguration={"Status": "Enabled"})
    client("s3").put_object(Bucket=NAMES.state_bucket, Key=NAMES.state_key("data"), Body=STATE)
    client("dynamodb").create_table(
        TableName=NAMES.lock_table,
        KeySchema=[{"AttributeName": "LockID", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "LockID", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


def put(client: Callable[..., Any], **row: str) -> None:
    client("dynamodb").put_item(TableName=NAMES.lock_table, Item={name: {"S": text} for name, text in row.items()})


def test_an_account_in_order(made: Callable[..., Any]) -> None:
    del made
    told = found()
    assert [each.status for each in told] == [Status.OK, Status.OK]
    assert told[1].text == f"{NAMES.state_bucket}: data"


@pytest.mark.usefixtures("local_aws")
def test_a_missing_bucket_names_the_command_that_creates_it() -> None:
    last = found()[-1]
    assert last.status is Status.PROBLEM
    assert last.text == f"the state bucket {NAMES.state_bucket} does not exist"
    assert last.remedy.endswith("bootstrap local")


def test_a_missing_lock_table_and_a_bucket_without_versions(made: Callable[..., Any]) -> None:
    made("dynamodb").delete_table(TableName=NAMES.lock_table)
    made("s3").put_bucket_versioning(Bucket=NAMES.state_bucket, VersioningConfiguration={"Status": "Suspended"})
    assert texts(Status.PROBLEM) == [
        f"the state bucket {NAMES.state_bucket} keeps no versions, so a damaged state cannot be restored",
        f"the lock table {NAMES.lock_table} does not exist",
    ]


@pytest.mark.parametrize(("hours", "status"), [(1, Status.WARNING), (5, Status.PROBLEM)])
def test_a_lock_is_a_problem_if_it_is_old(made: Callable[..., Any], hours: int, status: Status) -> None:
    created = f"{NOW - timedelta(hours=hours):%Y-%m-%dT%H:%M:%S}.123Z"
    info = {"ID": "1", "Who": "ana@laptop", "Operation": "OperationTypeApply", "Created": created}
    put(made, LockID=f"{NAMES.state_bucket}/{NAMES.state_key('data')}", Info=json.dumps(info))
    (text,) = texts(status)
    assert text.startswith("local-data has been locked by ana@laptop since 2026-11-29 ")


def test_a_wrong_checksum_is_a_problem(made: Callable[..., Any]) -> None:
    row = f"{NAMES.state_bucket}/{NAMES.state_key('data')}-md5"
    put(made, LockID=row, Digest=hashlib.md5(STATE.encode(), usedforsecurity=False).hexdigest())
    assert texts(Status.PROBLEM) == []
    put(made, LockID=row, Digest="0" * 32)
    assert texts(Status.PROBLEM) == ["the state of local-data differs from its checksum, and Terraform rejects it"]


@pytest.mark.usefixtures("local_aws")
def test_credentials_of_another_account() -> None:
    other = an_environment(name="dev", account_id="111111111111", emulated=True)
    (only,) = check_account(other)
    assert only.status is Status.PROBLEM
    assert only.text.startswith("Your AWS credentials belong to account 123456789012")


class TestCapacity:
    def test_a_quota_below_the_declared_nodes_is_a_problem(self, made: Callable[..., Any]) -> None:
        del made
        declared = an_environment(
            name="local",
            account_id="123456789012",
            emulated=True,
            max_nodes=64,
            monthly_spend_limit_usd=5_000_000,
            experiments=[an_experiment(instance_type="p4d.24xlarge", nodes=64)],
        )
        told = [each for each in check_account(declared, now=NOW) if each.area == "local: capacity"]
        assert [each.status for each in told] == [Status.PROBLEM]
        assert told[0].text.startswith("two-tower-v2: The quota 'Running On-Demand P instances' is 4096 vCPUs")
        assert "aws service-quotas request-service-quota-increase" in told[0].remedy

    def test_nodes_that_can_be_had(self, made: Callable[..., Any]) -> None:
        del made
        declared = an_environment(
            name="local", account_id="123456789012", emulated=True, experiments=[an_experiment(gpu="T4")]
        )
        (told,) = [each for each in check_account(declared, now=NOW) if each.area == "local: capacity"]
        assert (told.status, told.text) == (Status.OK, "no obstacle to the nodes of two-tower-v2")
