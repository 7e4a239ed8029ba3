"""A cluster with runs on the local AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest

from tests.local_aws import make_records_table
from tests.unit.runner.cluster import Cluster, RunnerStarter
from tests.unit.runner.runs import BUCKET, LOG_GROUP, TABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mlinfra.local_aws.server import LocalAws


@pytest.fixture(scope="session")
def run_resources(mlinfra_local_aws: LocalAws, clients: Callable[..., Any]) -> Any:
    """The table, the bucket and the log group of the runs of all tests; returns the table."""
    mlinfra_local_aws.reset()  # the group that ran before in this process may have left some of them
    make_records_table(clients, TABLE)
    clients("s3").create_bucket(Bucket=BUCKET)
    clients("logs").create_log_group(logGroupName=LOG_GROUP)
    dynamodb = boto3.session.Session().resource(
        "dynamodb",
        region_name="us-east-1",
        endpoint_url=mlinfra_local_aws.endpoint,
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106  not a secret: any value is accepted
    )
    return dynamodb.Table(TABLE)


@pytest.fixture(scope="session")
def starter() -> Iterator[RunnerStarter]:
    found = RunnerStarter()
    yield found
    found.close()


@pytest.fixture
def cluster(  # noqa: PLR0917  all that a cluster consists of
    request: pytest.FixtureRequest,
    run_resources: Any,
    mlinfra_local_aws: LocalAws,
    clients: Callable[..., Any],
    starter: RunnerStarter,
    tmp_path: Path,
) -> Iterator[Cluster]:
    """A cluster of its own for each test."""
    found = Cluster(
        name=f"cluster-{request.node.name}"[:200],
        folder=tmp_path,
        endpoint=mlinfra_local_aws.endpoint,
        client=clients,
        table=run_resources,
        starter=starter,
    )
    yield found
    found.close()
