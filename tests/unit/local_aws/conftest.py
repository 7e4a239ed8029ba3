"""boto3 and one local AWS for all tests of gaps; a test makes what it needs under names of its own."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import boto3
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlinfra.local_aws.server import LocalAws


@pytest.fixture(scope="session")
def client(running_local_aws: LocalAws) -> Callable[..., Any]:
    """boto3 clients of a local AWS that other tests have used before, by service and region."""

    @functools.cache  # reading the model of a service takes longer than most tests
    def connect(service: str, region: str = "us-east-1") -> Any:
        return boto3.client(
            service,
            region_name=region,
            endpoint_url=running_local_aws.endpoint,
            aws_access_key_id="local",
            aws_secret_access_key="local",  # noqa: S106  there is no secret: nothing checks it
        )

    return connect
