"""Sessions of a node: boto3 and the metadata service of the local AWS, which is late or refuses."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import boto3
import pytest

from mlinfra.job import aws
from mlinfra.job.aws import open_session
from mlinfra.local_aws.nodes.metadata import MetadataService

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROLE = "recsys-dev-two-tower-v2-nodes"
FACTS = {
    "meta-data/iam/security-credentials/": ROLE,
    f"meta-data/iam/security-credentials/{ROLE}": json.dumps(
        {"AccessKeyId": "AKIDNODE", "SecretAccessKey": "s", "Token": "t", "Expiration": "2999-01-01T00:00:00Z"}
    ),
}


class SlowService(MetadataService):
    """A service that is late, or gives out tokens that it refuses."""

    late_seconds: float = 0
    refused: int = 0

    def new_token(self, seconds: int) -> str:
        """A token, late."""
        if self.late_seconds:
            time.sleep(self.late_seconds)
        return super().new_token(seconds)

    def is_valid(self, token: str | None) -> bool:
        """False as often as it refuses."""
        self.refused -= 1
        return self.refused < 0 and super().is_valid(token)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[SlowService]:
    running = SlowService("127.0.0.1", FACTS.get, lambda *_: {})
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_EC2_METADATA_DISABLED"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", running.url)
    yield running
    running.close()


@pytest.fixture
def sleeps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    found: list[float] = []
    monkeypatch.setattr(aws.time, "sleep", found.append)
    return found


def test_a_late_metadata_service_is_waited_for(service: SlowService) -> None:
    service.late_seconds = 1.5
    assert boto3.session.Session().get_credentials() is None
    assert open_session().get_credentials().access_key == "AKIDNODE"


def test_a_metadata_service_that_refuses_is_asked_again(service: SlowService, sleeps: list[float]) -> None:
    service.refused = 2
    assert open_session("us-east-1").region_name == "us-east-1"
    assert sleeps == [1, 2]


def test_without_credentials_there_is_no_session(service: SlowService, sleeps: list[float]) -> None:
    service.refused = 1000
    with pytest.raises(RuntimeError, match="neither the environment nor the metadata service of this node"):
        open_session()
    assert sleeps == [1, 2]
