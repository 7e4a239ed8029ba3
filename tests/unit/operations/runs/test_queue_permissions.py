"""Runs in a queue by a person who has exactly the documented policies, on a local AWS that enforces IAM."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from mlinfra.errors import OperationError
from mlinfra.local_aws.client_variables import client_variables
from mlinfra.local_aws.server import serving
from mlinfra.operations.runs import RunTable
from mlinfra.operations.runs.submission import read_submitted
from mlinfra.variables import in_force
from tests.documented_policies import documented_policies
from tests.local_aws import make_records_table
from tests.unit.operations.runs.conftest import make_queues
from tests.unit.operations.runs.test_queue_launching import ENVIRONMENT, launched

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.local_aws,
    pytest.mark.usefixtures("small_runner"),
    pytest.mark.xdist_group("queue-permissions"),
]
ACCOUNT = {"111111111111": "123456789012"}


def client(service: str) -> Any:
    return boto3.client(service, region_name="us-east-1")


@pytest.fixture(scope="module", autouse=True)
def enforcing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An account with the queues, as an administrator has deployed them."""
    with (
        serving(log=tmp_path_factory.mktemp("queues") / "log", enforce_iam=True) as server,
        in_force(client_variables(server)),
    ):
        make_records_table(client, ENVIRONMENT.names.records_table)
        client("s3").create_bucket(Bucket=ENVIRONMENT.names.bucket("models"))
        make_queues(client)
        yield


def as_user(monkeypatch: pytest.MonkeyPatch, name: str, *policies: dict[str, Any]) -> None:
    """Act as a new user with the policies."""
    iam = client("iam")
    iam.create_user(UserName=name)
    for number, each in enumerate(policies):
        iam.put_user_policy(UserName=name, PolicyName=str(number), PolicyDocument=json.dumps(each))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", key["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", key["SecretAccessKey"])


def test_the_documented_policies_start_and_end_runs_of_all_kinds(
    monkeypatch: pytest.MonkeyPatch, repository: Path
) -> None:
    base, *_ = documented_policies("runs.md", ACCOUNT)
    (queues,) = documented_policies("run-environments.md", ACCOUNT)
    as_user(monkeypatch, "ana", base, queues)
    for size in ({}, {"nodes": 2}, {"array_size": 3}):
        job = read_submitted(RunTable(ENVIRONMENT), launched(repository, **size)).batch_job
        client("batch").terminate_job(jobId=job, reason="cancelled")


def test_the_policy_of_runs_alone_is_refused_before_anything_is_uploaded(
    monkeypatch: pytest.MonkeyPatch, repository: Path
) -> None:
    base, *_ = documented_policies("runs.md", ACCOUNT)
    as_user(monkeypatch, "ben", base)
    with pytest.raises(OperationError, match="AWS refused DescribeJobQueues"):
        launched(repository)
