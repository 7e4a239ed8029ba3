"""A local AWS with nodes and a cluster of two, shared by the tests of a module."""

from __future__ import annotations

import functools
import uuid
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from mlinfra.local_aws.server import serving
from tests.unit.local_aws.nodes.cluster import Cluster, make_cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlinfra.local_aws.server import LocalAws


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with serving(log=tmp_path_factory.mktemp("nodes") / "log", nodes=True) as running:
        yield running


@pytest.fixture(scope="module")
def connect(server: LocalAws) -> Callable[..., Any]:
    return connected_to(server)


def connected_to(server: LocalAws, key: str = "local") -> Callable[..., Any]:
    """boto3 clients of a server, by service and region."""

    @functools.cache
    def connect(service: str, region: str = "us-east-1") -> Any:
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=server.endpoint,
            aws_access_key_id=key,
            aws_secret_access_key="local",  # noqa: S106  not a secret: any value is accepted
        )

    return connect


@pytest.fixture(scope="module")
def cluster(server: LocalAws, connect: Callable[..., Any]) -> Cluster:
    """Two nodes that have booted."""
    made = make_cluster(server, connect, f"cluster-{uuid.uuid4().hex[:6]}")
    made.wait_for(2)
    return made
