"""Execution of Python functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.unit.local_aws.gaps.conftest import deploy, written

if TYPE_CHECKING:
    from collections.abc import Callable


def test_an_invoked_function_runs_and_uses_the_local_aws(
    client: Callable[..., Any], deployed: tuple[str, str, str]
) -> None:
    name, _, parameter = deployed
    answer = client("lambda").invoke(FunctionName=name, Payload=json.dumps({"detail": 7}))
    assert json.loads(answer["Payload"].read()) == {"seen": 7, "name": name}
    assert "FunctionError" not in answer
    assert written(client, parameter) == "7"


def test_a_deployed_package_takes_precedence_over_an_installed_one(client: Callable[..., Any]) -> None:
    """In AWS, no other package named mlinfra is installed."""
    name, _, _ = deploy(client, "mlinfra/functions/only_in_this_package.py")
    answer = client("lambda").invoke(FunctionName=name, Payload=json.dumps({"detail": 7}))
    assert json.loads(answer["Payload"].read()) == {"seen": 7, "name": name}


def test_an_error_of_a_function_is_returned(client: Callable[..., Any], deployed: tuple[str, str, str]) -> None:
    answer = client("lambda").invoke(FunctionName=deployed[0], Payload=json.dumps({"fail": True}))
    assert answer["FunctionError"]
    assert json.loads(answer["Payload"].read()) == {"errorMessage": "requested failure", "errorType": "ValueError"}
