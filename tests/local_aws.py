"""A local AWS for tests, and nothing of the user's own settings. Fixtures, imported by each folder's conftest."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from mlinfra.local_aws.client_variables import client_variables
from mlinfra.local_aws.server import serving
from mlinfra.variables import in_force

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mlinfra.local_aws.server import LocalAws


@pytest.fixture(scope="session")
def running_local_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """One server for all tests of a process."""
    with serving(log=tmp_path_factory.mktemp("local-aws") / "log") as server:
        yield server


@pytest.fixture
def local_aws(running_local_aws: LocalAws, own_folders: None) -> Iterator[LocalAws]:  # noqa: ARG001
    """An empty local AWS that every program and boto3 talk to during the test."""
    running_local_aws.reset()
    with in_force(client_variables(running_local_aws, present=os.environ)):
        yield running_local_aws


@pytest.fixture
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """State, caches and logs of mlinfra below the test's own folder."""
    for kind in ("STATE", "CACHE", "DATA", "CONFIG"):
        monkeypatch.setenv(f"XDG_{kind}_HOME", str(tmp_path / kind.lower()))


@pytest.fixture
def client(local_aws: LocalAws) -> Callable[[str], Any]:
    """boto3 clients of the local AWS, by service."""
    return lambda service: boto3.client(service, region_name="us-east-1", endpoint_url=local_aws.endpoint)
