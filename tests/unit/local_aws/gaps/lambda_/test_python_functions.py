"""Execution of Python functions."""

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


def test_a_function_runs_and_reaches_the_local_aws(client: Callable[..., Any], deployed: tuple[str, str, str]) -> None:
    name, _, parameter = deployed
    answer = client("lambda").invoke(FunctionName=name, Payload=json.dumps({"detail": 7}))
    assert json.loads(answer["Payload"].read()) == {"seen": 7, "name": name}
    assert "FunctionError" not in answer
    assert written(client, parameter) == "7"


def test_what_was_deployed_comes_before_what_is_installed(client: Callable[..., Any]) -> None:
    """As in AWS, where nothing else is called mlinfra."""
    name, _, _ = deploy(client, "mlinfra/functions/only_in_this_package.py")
    answer = client("lambda").invoke(FunctionName=name, Payload=json.dumps({"detail": 7}))
    assert json.loads(answer["Payload"].read()) == {"seen": 7, "name": name}


def test_an_error_of_the_function_is_answered(client: Callable[..., Any], deployed: tuple[str, str, str]) -> None:
    answer = client("lambda").invoke(FunctionName=deployed[0], Payload=json.dumps({"fail": True}))
    assert answer["FunctionError"]
    assert json.loads(answer["Payload"].read()) == {"errorMessage": "as it was told", "errorType": "ValueError"}
