"""The answers of AWS, with the permissions of an account that enforces IAM."""

from __future__ import annotations

import io
import json
import re
from datetime import date
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from mlinfra import Endpoint, RealTime, Spot, Variant
from mlinfra.local_aws.server import serving
from mlinfra.operations.preflight import Preflight, Verdict, preflight
from tests.conftest import ROOT, an_environment, an_experiment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mlinfra.local_aws.server import LocalAws

pytestmark = [pytest.mark.local_aws, pytest.mark.xdist_group("preflight-permissions")]

ACCOUNT = "123456789012"
ENVIRONMENT = an_environment(
    account_id=ACCOUNT,
    monthly_spend_limit_usd=9_000_000,
    today=date(2026, 11, 29),
    experiments=[
        an_experiment(instance_type="p5.48xlarge", nodes=2),
        an_experiment(name="ranker", instance_type="g5.xlarge", purchase=Spot(on_demand_nodes=1)),
    ],
    endpoints=[
        Endpoint(
            name="ranker",
            owner="ana@example.com",
            hosting=RealTime(instance_type="ml.m7i.large"),
            variants=[Variant(image="123456789012.dkr.ecr.us-east-1.amazonaws.com/recsys-ranker:3.1")],
        )
    ],
)
DOCUMENTED = re.findall(
    r"`((?:ec2|sagemaker|servicequotas):\w+)`",
    (ROOT / "docs" / "preflight.md").read_text().partition("## Permissions")[2],
)


NOT_CALLED = {
    "GetAWSDefaultServiceQuota": "it is called only for quotas that were never changed",
    "DescribeEndpoint": "it is called only for endpoints of others",
    "DescribeEndpointConfig": "it is called only for endpoints of others",
}


@pytest.fixture(scope="module")
def enforcing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with serving(log=tmp_path_factory.mktemp("enforcing") / "log", enforce_iam=True) as server:
        yield server


@pytest.fixture
def checked_with(enforcing: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Preflight]:
    """The preflight of a role that may call the given actions only."""
    enforcing.reset()
    monkeypatch.setenv("AWS_ENDPOINT_URL", enforcing.endpoint)

    def session(key: dict[str, str]) -> boto3.session.Session:
        return boto3.session.Session(
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
            aws_session_token=key.get("SessionToken"),
            region_name="us-east-1",
        )

    def check(*actions: str, managed_policy: str | None = None) -> Preflight:
        administrator = session({"AccessKeyId": "local", "SecretAccessKey": "local"})
        iam = administrator.client("iam")
        trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "sts:AssumeRole"}
        iam.create_role(RoleName="planner", AssumeRolePolicyDocument=document(trust))
        if actions:
            allowed = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
            iam.put_role_policy(RoleName="planner", PolicyName="read", PolicyDocument=document(allowed))
        if managed_policy:
            iam.attach_role_policy(RoleName="planner", PolicyArn=managed_policy)
        role = f"arn:aws:iam::{ACCOUNT}:role/planner"
        key = administrator.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        return preflight(ENVIRONMENT, session(key))

    return check


def document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_the_documented_actions_are_sufficient(checked_with: Callable[..., Preflight]) -> None:
    assert len(DOCUMENTED) == 14
    result = checked_with(*DOCUMENTED)
    assert result.failed == ()
    assert {line.verdict for line in result.lines} == {Verdict.NO_OBSTACLE}


def test_the_managed_policy_of_the_pipelines_roles_is_sufficient(checked_with: Callable[..., Preflight]) -> None:
    assert checked_with(managed_policy="arn:aws:iam::aws:policy/ReadOnlyAccess").failed == ()


@pytest.mark.parametrize("missing", DOCUMENTED)
def test_a_missing_permission_is_named_and_the_other_checks_are_made(
    checked_with: Callable[..., Preflight], missing: str
) -> None:
    result = checked_with(*(action for action in DOCUMENTED if action != missing))
    operation = missing.partition(":")[2]
    if operation in NOT_CALLED:
        assert result.failed == (), NOT_CALLED[operation]
        return
    assert result.failed
    others = [each for each in result.failed if f"{operation} failed with" not in each or "not authorized" not in each]
    assert others == []
    assert len(result.lines) == 2


def test_throttled_requests_are_repeated(enforcing: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    enforcing.reset()
    monkeypatch.setenv("AWS_ENDPOINT_URL", enforcing.endpoint)
    core = botocore.session.get_session()
    session = boto3.session.Session("local", "local", region_name="us-east-1", botocore_session=core)
    throttled: list[str] = []

    def throttle(request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        """Answer the first two requests for instances as EC2 does when it throttles."""
        if len(throttled) == 2:
            return None
        throttled.append(request.url)
        body = "<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>"
        return AWSResponse(request.url, 503, {}, RawBody(body.encode()))

    core.register("before-send.ec2.DescribeInstances", throttle)
    assert preflight(ENVIRONMENT, session).failed == ()
    assert len(throttled) == 2


class RawBody(io.BytesIO):
    """The body of an answer, as urllib3 streams it."""

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()
