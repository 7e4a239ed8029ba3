"""Parameters of the AWS CLI, by the model of the operation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import botocore.session
import pytest

from mlinfra.local_aws.nodes.programs.aws_arguments import UsageError, global_options, parameters

if TYPE_CHECKING:
    from collections.abc import Sequence


def read(service: str, operation: str, *arguments: str, folder: Path = Path()) -> dict[str, Any]:
    model = botocore.session.get_session().get_service_model(service).operation_model(operation)
    return parameters(model, arguments, lambda name: folder / name)


@pytest.mark.parametrize(
    ("service", "operation", "arguments", "expected"),
    [
        ("ssm", "GetParameters", ["--names", "/a", "/b"], {"Names": ["/a", "/b"]}),
        (
            "ssm",
            "PutParameter",
            ["--name", "a", "--value", "b c", "--overwrite"],
            {"Name": "a", "Value": "b c", "Overwrite": True},
        ),
        (
            "ssm",
            "PutParameter",
            ["--name=a", "--value=b=c", "--no-overwrite"],
            {"Name": "a", "Value": "b=c", "Overwrite": False},
        ),
        (
            "dynamodb",
            "Query",
            ["--table-name", "t", "--limit", "2", "--expression-attribute-values", '{":a": {"S": "x"}}'],
            {"TableName": "t", "Limit": 2, "ExpressionAttributeValues": {":a": {"S": "x"}}},
        ),
        (
            "ec2",
            "DescribeTags",
            ["--filters", "Name=resource-id,Values=i-1", "Name=key,Values=Owner"],
            {"Filters": [{"Name": "resource-id", "Values": ["i-1"]}, {"Name": "key", "Values": ["Owner"]}]},
        ),
    ],
)
def test_options_have_the_types_of_the_model(
    service: str, operation: str, arguments: Sequence[str], expected: dict[str, Any]
) -> None:
    assert read(service, operation, *arguments) == expected


def test_a_value_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key.json").write_text('{"cluster": {"S": "a"}}')
    found = read("dynamodb", "GetItem", "--table-name", "t", "--key", "file://key.json", folder=tmp_path)
    assert found["Key"] == {"cluster": {"S": "a"}}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--names"], "argument --names: expected one argument"),
        (["--name", "/a"], "Unknown options: --name"),
        ([], "the following arguments are required: --names"),
        (["--names", "[1"], "Error parsing parameter '--names': Invalid JSON"),
    ],
)
def test_an_invalid_command_line_is_refused(arguments: Sequence[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read("ssm", "GetParameters", *arguments)


def test_global_options_may_be_anywhere() -> None:
    options, words = global_options(["--region", "eu-west-1", "s3", "cp", "--query=a.b", "x", "--no-cli-pager"])
    assert options == {"region": "eu-west-1", "query": "a.b", "no-cli-pager": ""}
    assert words == ["s3", "cp", "x"]
    with pytest.raises(UsageError, match="--output: expected one argument"):
        global_options(["s3", "ls", "--output"])
