"""Configuration of Lambda functions: dead letters, logs, tracing, storage, environment."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable


NAME = "keeps"


QUEUE = "arn:aws:sqs:us-east-1:123456789012:dead"


@pytest.fixture
def functions(client: Callable[..., Any]) -> Any:
    """Lambda client, with a role for functions and without functions."""
    iam, functions = client("iam"), client("lambda")
    if all(each["RoleName"] != NAME for each in iam.list_roles()["Roles"]):
        iam.create_role(RoleName=NAME, AssumeRolePolicyDocument="{}")
    for each in functions.list_functions()["Functions"]:
        functions.delete_function(FunctionName=each["FunctionName"])
    return functions


def create(functions: Any, **configuration: Any) -> Any:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("handler.py", "def handle(event, context): return event")
    return functions.create_function(
        FunctionName=NAME,
        Role=f"arn:aws:iam::123456789012:role/{NAME}",
        Runtime="python3.12",
        Handler="handler.handle",
        Code={"ZipFile": code.getvalue()},
        **configuration,
    )


def update(functions: Any, **changes: Any) -> Any:
    functions.update_function_configuration(FunctionName=NAME, **changes)
    return functions.get_function_configuration(FunctionName=NAME)


def test_a_function_keeps_its_dead_letter_queue_until_it_is_removed(functions: Any) -> None:
    created = create(functions, DeadLetterConfig={"TargetArn": QUEUE})
    assert created["DeadLetterConfig"] == {"TargetArn": QUEUE}
    assert update(functions, Timeout=60)["DeadLetterConfig"] == {"TargetArn": QUEUE}
    assert "DeadLetterConfig" not in update(functions, DeadLetterConfig={"TargetArn": ""})


def test_a_dead_letter_target_other_than_a_queue_or_topic_is_refused(functions: Any) -> None:
    with pytest.raises(ClientError, match="InvalidParameterValueException"):
        create(functions, DeadLetterConfig={"TargetArn": "arn:aws:s3:::bucket"})


def test_the_default_log_group_is_named_after_the_function(functions: Any) -> None:
    create(functions)
    found = functions.get_function_configuration(FunctionName=NAME)["LoggingConfig"]
    assert found == {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{NAME}"}
    found = update(functions, LoggingConfig={"LogFormat": "JSON", "LogGroup": "/jobs"})["LoggingConfig"]
    assert found == {
        "LogFormat": "JSON",
        "LogGroup": "/jobs",
        "ApplicationLogLevel": "INFO",
        "SystemLogLevel": "INFO",
    }


def test_tracing_and_storage_can_be_changed(functions: Any) -> None:
    create(functions)
    found = update(functions, TracingConfig={"Mode": "Active"}, EphemeralStorage={"Size": 1024})
    assert (found["TracingConfig"]["Mode"], found["EphemeralStorage"]["Size"]) == ("Active", 1024)


def test_an_environment_can_be_emptied(functions: Any) -> None:
    create(functions, Environment={"Variables": {"MODE": "warn"}})
    assert "Environment" not in update(functions, Environment={})
