"""Clients and functions that the tests of several services need."""

from __future__ import annotations

import inspect
import io
import time
import uuid
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

CODE = """
import os
import boto3

def handler(event, context):
    if event.get("fail"):
        raise ValueError("requested failure")
    boto3.client("ssm").put_parameter(Name=os.environ["NAME"], Value=str(event.get("detail")), Type="String")
    print("a line of the log")
    return {"seen": event.get("detail"), "name": context.function_name}
"""


@pytest.fixture
def close_here(monkeypatch: pytest.MonkeyPatch) -> Callable[[ModuleType, type, str], Any]:
    """Close a gap in this process, for one test. Returns moto's method, which the gap replaces."""

    def close(gap: ModuleType, owner: type, name: str) -> Any:
        original = inspect.unwrap(getattr(owner, name))
        monkeypatch.setattr(owner, name, original)
        gap.close()
        return original

    return close


@pytest.fixture
def ec2(client: Callable[..., Any]) -> Any:
    return client("ec2")


@pytest.fixture
def deployed(client: Callable[..., Any]) -> tuple[str, str, str]:
    """A Lambda function: its name, its ARN, and the SSM parameter that it writes."""
    return deploy(client, "seer.py")


def deploy(client: Callable[..., Any], path: str) -> tuple[str, str, str]:
    """Deploy a function with its module at `path` in the package."""
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
    """The value of the SSM parameter, once a function has written it."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = client("ssm").get_parameters(Names=[parameter])["Parameters"]
        if found:
            return str(found[0]["Value"])
        time.sleep(0.1)
    pytest.fail("the function did not run")
