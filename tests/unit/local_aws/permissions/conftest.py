"""A local AWS that enforces IAM, and a role with given permissions in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest

from mlinfra.local_aws.server import serving
from tests.unit.local_aws.permissions.statements import ROLE, TRUST, Client, policy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlinfra.local_aws.server import LocalAws


@pytest.fixture(scope="module")
def enforcing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with serving(log=tmp_path_factory.mktemp("enforcing") / "log", enforce_iam=True) as server:
        yield server


@pytest.fixture
def connect(enforcing: LocalAws) -> Callable[..., Client]:
    """Clients with given credentials. Default: the administrator's."""
    enforcing.reset()

    def make(service: str, credentials: dict[str, str] | None = None) -> Client:
        given = credentials or {"AccessKeyId": "local", "SecretAccessKey": "local"}
        return boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=enforcing.endpoint,
            aws_access_key_id=given["AccessKeyId"],
            aws_secret_access_key=given["SecretAccessKey"],
            aws_session_token=given.get("SessionToken"),
        )

    return make


@pytest.fixture
def worker(connect: Callable[..., Client]) -> Callable[..., Callable[[str], Client]]:
    """Clients of a session of the role `worker`, with a policy of the given statements."""

    def make(*statements: dict[str, Any], boundary: str | None = None) -> Callable[[str], Client]:
        iam = connect("iam")
        limit = {"PermissionsBoundary": boundary} if boundary else {}
        iam.create_role(RoleName="worker", AssumeRolePolicyDocument=policy(TRUST), **limit)
        if statements:
            iam.put_role_policy(RoleName="worker", PolicyName="work", PolicyDocument=policy(*statements))
        session = connect("sts").assume_role(RoleArn=ROLE, RoleSessionName="test")["Credentials"]
        return lambda service: connect(service, session)

    return make
