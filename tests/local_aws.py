"""Plugin with more fixtures of the local AWS of `mlinfra.testing`."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from mlinfra.functions.contract import Table
from mlinfra.testing.surroundings import folders_below
from tests import shared_botocore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mlinfra.local_aws.server import LocalAws

shared_botocore.share()


def make_records_table(client: Callable[..., Any], name: str) -> None:
    """Create the table of cluster and job records, with the same schema as mlinfra's."""
    client("dynamodb").create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": Table.CLUSTER, "KeyType": "HASH"},
            {"AttributeName": Table.RECORD, "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in (Table.CLUSTER, Table.RECORD)],
        BillingMode="PAY_PER_REQUEST",
    )


def image_ids(ec2: Any) -> list[str]:
    """The ids of a few machine images. A list of all 1,313 takes 0.8 s of processor time."""
    found = ec2.describe_images(Filters=[{"Name": "name", "Values": ["Deep Learning Base OSS*"]}])["Images"]
    return [each["ImageId"] for each in found]


@pytest.fixture
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the state, caches and logs of mlinfra below the test's own folder, without a local AWS."""
    for name, value in folders_below(tmp_path).items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def clients(mlinfra_local_aws: LocalAws) -> Callable[..., Any]:
    """boto3 clients by service and region, of a local AWS that keeps the resources of earlier tests."""

    @functools.cache  # reading the model of a service takes longer than most tests
    def connect(service: str, region: str = "us-east-1") -> Any:
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=mlinfra_local_aws.endpoint,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106  not a secret: any value is accepted
        )

    return connect


@pytest.fixture
def client(local_aws: LocalAws, clients: Callable[..., Any]) -> Callable[..., Any]:  # noqa: ARG001
    """boto3 clients by service and region, of a local AWS that is empty at the start of the test."""
    return clients
