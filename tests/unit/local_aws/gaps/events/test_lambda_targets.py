"""Lambda functions as targets of EventBridge rules."""

from __future__ import annotations

import io
import json
import time
import uuid
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


CODE = """
import os
import boto3

def handler(event, context):
    if event.get("fail"):
        raise ValueError("as it was told")
    boto3.client("ssm").put_parameter(Name=os.environ["NAME"], Value=str(event.get("detail")), Type="String")
    print("a line of the log")
    return {"seen": event.get("detail"), "name": context.function_name}
"""


@pytest.fixture
def deployed(client: Callable[..., Any]) -> tuple[str, str, str]:
    """A function: its name, its ARN, and the SSM parameter that it writes."""
    return deploy(client, "seer.py")


def deploy(client: Callable[..., Any], path: str) -> tuple[str, str, str]:
    """Deploy a function whose module is at `path` of its package."""
    name = f"seer-{uuid.uuid4().hex[:8]}"
    package = io.BytesIO()
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr(path, CODE)
    role = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    made = client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role,
        Handler=f"{path.removesuffix('.py').replace('/', '.')}.handler",
        Code={"ZipFile": package.getvalue()},
        Timeout=20,
        Environment={"Variables": {"NAME": f"/{name}"}},
    )
    return name, made["FunctionArn"], f"/{name}"


def written(client: Callable[..., Any], parameter: str) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = client("ssm").get_parameters(Names=[parameter])["Parameters"]
        if found:
            return str(found[0]["Value"])
        time.sleep(0.1)
    pytest.fail("the function did not run")


def test_an_event_reaches_the_functions_of_the_rules_that_match(
    client: Callable[..., Any], deployed: tuple[str, str, str]
) -> None:
    name, arn, parameter = deployed
    events = client("events")
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])
    gone = f"{arn}-gone"
    events.put_targets(Rule=name, Targets=[{"Id": "2", "Arn": gone}])
    event = {"DetailType": "seen", "Detail": json.dumps({"n": 1})}
    started = time.monotonic()
    answer = events.put_events(Entries=[{"Source": "else", **event}, {"Source": name, **event}])
    assert answer["FailedEntryCount"] == 0
    assert time.monotonic() - started < 5
    assert written(client, parameter) == "{'n': 1}"
