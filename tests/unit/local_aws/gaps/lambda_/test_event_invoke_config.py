"""Retries and event age of asynchronously invoked functions."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable


NAME = "started-by-events"


@pytest.fixture
def functions(client: Callable[..., Any]) -> Any:
    """Lambda client, with one function."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("handler.py", "def handle(event, context): return event")
    iam, functions = client("iam"), client("lambda")
    if all(each["RoleName"] != NAME for each in iam.list_roles()["Roles"]):
        iam.create_role(RoleName=NAME, AssumeRolePolicyDocument="{}")
    for each in functions.list_functions()["Functions"]:
        functions.delete_function(FunctionName=each["FunctionName"])
    functions.create_function(
        FunctionName=NAME,
        Role=f"arn:aws:iam::123456789012:role/{NAME}",
        Runtime="python3.13",
        Handler="handler.handle",
        Code={"ZipFile": code.getvalue()},
    )
    return functions


def read(functions: Any) -> tuple[int | None, int | None]:
    found = functions.get_function_event_invoke_config(FunctionName=NAME)
    return found.get("MaximumRetryAttempts"), found.get("MaximumEventAgeInSeconds")


def test_a_put_replaces_the_whole_configuration(functions: Any) -> None:
    functions.put_function_event_invoke_config(FunctionName=NAME, MaximumRetryAttempts=2, MaximumEventAgeInSeconds=3600)
    functions.put_function_event_invoke_config(FunctionName=NAME, MaximumRetryAttempts=1)
    assert read(functions) == (1, None)


def test_an_update_keeps_settings_that_are_not_named(functions: Any) -> None:
    functions.put_function_event_invoke_config(FunctionName=NAME, MaximumRetryAttempts=2, MaximumEventAgeInSeconds=3600)
    functions.update_function_event_invoke_config(FunctionName=NAME, MaximumRetryAttempts=0)
    assert read(functions) == (0, 3600)


def test_an_update_of_an_unknown_configuration_is_refused(functions: Any) -> None:
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        functions.update_function_event_invoke_config(FunctionName=NAME, MaximumRetryAttempts=0)
