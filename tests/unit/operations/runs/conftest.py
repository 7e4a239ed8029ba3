"""The table of records of an environment in a local AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mlinfra.operations.runs import submission
from tests.local_aws import make_records_table
from tests.unit.operations.runs.recorded import ENVIRONMENT
from tests.unit.operations.runs.repositories import a_repository
from tests.unit.operations.runs.small_runner import build_small_runner

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def records(client: Callable[..., Any]) -> Callable[..., Any]:
    """Clients of a local AWS in which the environment has its table."""
    make_records_table(client, ENVIRONMENT.names.records_table)
    return client


@pytest.fixture
def models(records: Callable[..., Any]) -> Callable[..., Any]:
    """Clients of a local AWS in which the environment has its table and the bucket of the models zone."""
    records("s3").create_bucket(Bucket=ENVIRONMENT.names.bucket("models"))
    return records


@pytest.fixture
def small_runner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Build a runner archive with one file instead of boto3, which takes a second to build and to upload."""
    monkeypatch.setattr(submission, "build_runner", build_small_runner)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with one commit."""
    return a_repository(tmp_path / "repository")


@pytest.fixture
def batch(client: Callable[..., Any]) -> Any:
    """Batch with the queues of the environment, and the role of runs."""
    make_queues(client)
    return client("batch")


def make_queues(client: Callable[..., Any]) -> None:
    """Create the queues of the environment, and the role of runs."""
    iam, found = client("iam"), client("batch")
    role = iam.create_role(RoleName="batch", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    for name in ("run", "exec"):
        iam.create_role(RoleName=f"recsys-dev-ranking-{name}", AssumeRolePolicyDocument="{}")
    environment = found.create_compute_environment(
        computeEnvironmentName="nodes", type="UNMANAGED", state="ENABLED", serviceRole=role
    )["computeEnvironmentArn"]
    policy = found.create_scheduling_policy(name="shares", fairsharePolicy={"shareDecaySeconds": 3600})["arn"]
    for kind in ("spot", "on-demand", "multi-node"):
        found.create_job_queue(
            schedulingPolicyArn=policy,
            jobQueueName=f"recsys-dev-ranking-{kind}",
            state="ENABLED",
            priority=1,
            computeEnvironmentOrder=[{"order": 1, "computeEnvironment": environment}],
        )
