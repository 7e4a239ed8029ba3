"""Bootstrapping an environment that has been bootstrapped."""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import socket
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from mlinfra.command import own_command
from mlinfra.declarations.loading import load_environments
from mlinfra.errors import OperationError
from mlinfra.operations.aws.account import account_of
from mlinfra.operations.bootstrap.bootstrapping import bootstrap
from mlinfra.operations.bootstrap.workspace import workspace
from mlinfra.operations.terraform.progress import Quiet
from mlinfra.operations.terraform.remote_state import RemoteState
from tests.conftest import TODAY

if TYPE_CHECKING:
    from mlinfra.declarations.environment import Environment

pytestmark = [pytest.mark.deploy, pytest.mark.xdist_group("bootstrap-again")]


@pytest.fixture(scope="module")
def environment(state_project: Path, deployable: Path) -> Environment:  # noqa: ARG001
    """One that has been bootstrapped."""
    (declared,) = load_environments(state_project, only="local", today=TODAY)
    assert bootstrap(declared, state_project, Quiet()).outcome == "created"
    return declared


@pytest.fixture
def remote(environment: Environment) -> RemoteState:
    return RemoteState(account_of(environment), environment, "state")


def lock(environment: Environment, who: str, created: datetime) -> None:
    """Lock the state as Terraform does, in the table and in the bucket."""
    row = f"{environment.names.state_bucket}/{environment.names.state_key('state')}"
    info = {"ID": "0b5e", "Operation": "OperationTypeApply", "Who": who, "Created": f"{created:%Y-%m-%dT%H:%M:%S.%fZ}"}
    item = {"LockID": {"S": row}, "Info": {"S": json.dumps(info)}}
    boto3.client("dynamodb").put_item(TableName=environment.names.lock_table, Item=item)
    boto3.client("s3").put_object(
        Bucket=environment.names.state_bucket,
        Key=f"{environment.names.state_key('state')}.tflock",
        Body=json.dumps(info),
        ServerSideEncryption="aws:kms",
        SSEKMSKeyId=environment.names.state_key_alias,
    )


def version_of_state(environment: Environment) -> Any:
    key = environment.names.state_key("state")
    return boto3.client("s3").head_object(Bucket=environment.names.state_bucket, Key=key)["VersionId"]


def test_a_second_run_changes_nothing(environment: Environment, state_project: Path) -> None:
    before = version_of_state(environment)
    again = bootstrap(environment, state_project, Quiet())
    assert (again.outcome, again.resources) == ("unchanged", 10)
    assert version_of_state(environment) == before


def test_what_was_changed_by_hand_is_put_right(environment: Environment, state_project: Path) -> None:
    s3 = boto3.client("s3")
    s3.put_bucket_versioning(Bucket=environment.names.state_bucket, VersioningConfiguration={"Status": "Suspended"})
    assert bootstrap(environment, state_project, Quiet()).outcome == "updated"
    assert s3.get_bucket_versioning(Bucket=environment.names.state_bucket)["Status"] == "Enabled"


def test_the_policy_of_a_bucket_from_an_earlier_version_is_updated(
    environment: Environment, state_project: Path
) -> None:
    s3 = boto3.client("s3")
    bucket = environment.names.state_bucket
    policy = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    earlier = [each for each in policy["Statement"] if "Plans" not in each["Sid"]]
    assert len(earlier) == len(policy["Statement"]) - 3
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({**policy, "Statement": earlier}))
    assert bootstrap(environment, state_project, Quiet()).outcome == "updated"
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == policy


def test_a_state_locked_by_another_user_is_reported_and_not_changed(
    environment: Environment, state_project: Path, remote: RemoteState
) -> None:
    lock(environment, "bob@laptop", datetime(2026, 11, 24, 9, 30, tzinfo=timezone.utc))
    with pytest.raises(OperationError) as refused:
        bootstrap(environment, state_project, Quiet())
    assert refused.value.message == (
        "The state of local-state is locked by bob@laptop since 2026-11-24 09:30:00 UTC (OperationTypeApply). Wait "
        f"until that run has completed. If its process was killed, release the lock: {own_command()} unlock local-state"
    )
    assert [each.who for each in remote.locks()] == ["bob@laptop", "bob@laptop"]
    remote.release(remote.locks()[0])


def leave_a_record_of_a_killed_run(environment: Environment) -> None:
    with workspace(environment, announce=print):
        record = next(Path(os.environ["XDG_STATE_HOME"]).rglob("*.run"))
        text = record.read_text()
    record.write_text(text)


def test_a_lock_and_a_checksum_of_a_killed_run_are_repaired(
    environment: Environment, state_project: Path, remote: RemoteState
) -> None:
    leave_a_record_of_a_killed_run(environment)
    lock(environment, f"{pwd.getpwuid(os.getuid()).pw_name}@{socket.gethostname()}", datetime.now(timezone.utc))
    row = f"{environment.names.state_bucket}/{environment.names.state_key('state')}-md5"
    boto3.client("dynamodb").put_item(
        TableName=environment.names.lock_table,
        Item={
            "LockID": {"S": row},
            "Digest": {"S": hashlib.md5(b"the state before", usedforsecurity=False).hexdigest()},
        },
    )
    assert bootstrap(environment, state_project, Quiet()).outcome == "unchanged"
    assert remote.locks() == []


def test_a_resource_missing_from_the_state_is_imported_again(environment: Environment, state_project: Path) -> None:
    boto3.client("s3").delete_object(Bucket=environment.names.state_bucket, Key=environment.names.state_key("state"))
    rows = boto3.client("dynamodb").scan(TableName=environment.names.lock_table)["Items"]
    for row in rows:
        boto3.client("dynamodb").delete_item(TableName=environment.names.lock_table, Key={"LockID": row["LockID"]})
    assert bootstrap(environment, state_project, Quiet()).resources == 10
    assert bootstrap(environment, state_project, Quiet()).outcome == "unchanged"
