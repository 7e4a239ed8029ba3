"""Requests for runs: invalid values, with all problems at once."""

from __future__ import annotations

from typing import Any

import pytest

from mlinfra.errors import OperationError
from mlinfra.operations.runs import RunRequest, parse_pairs


def problems(**values: Any) -> list[str]:
    with pytest.raises(OperationError, match="The run cannot be started") as error:
        RunRequest(**{"command": ("python", "train.py"), **values})
    return error.value.details.splitlines()


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"command": ()}, "COMMAND: it is empty. Expected: the command after --, such as -- python train.py."),
        ({"command": ("a" * 40_000,)}, "COMMAND: it has more than 32768 bytes."),
        ({"name": "a b"}, "--name: 'a b' is invalid."),
        ({"has_code": False}, "--no-code: without code, an image is required."),
        ({"has_code": False, "image": "a:1", "dirty": True}, "--no-code: it excludes --lock and --dirty"),
        ({"image": "a:1", "lock": "requirements.txt"}, "--lock: it excludes --image."),
        ({"python": "3.11"}, "--python: it is the version of a virtual environment. Expected: --lock FILE too."),
        ({"lock": "uv.lock", "python": "2.7"}, "--python: '2.7' is not a version of Python."),
        ({"variables": {"a-b": "1"}}, "--variable: 'a-b' is not a valid name of an environment variable."),
        ({"variables": {"NODE_RANK": "1"}}, "--variable: 'NODE_RANK' is set by mlinfra. Expected: another name."),
        ({"variables": {"MLINFRA_RUN": "1"}}, "--variable: 'MLINFRA_RUN' is set by mlinfra. Expected: another name."),
        ({"outputs": "../outputs"}, "--outputs: '../outputs' is invalid."),
        ({"checkpoints": ""}, "--checkpoints: '' is invalid."),
        ({"retries": 11}, "--retries: 11 is out of range. Expected: 0 to 10."),
        ({"keep_minutes": 1441}, "--keep: 1441 is out of range. Expected: 0 to 1440 minutes."),
    ],
)
def test_invalid_values_are_refused_with_the_option(values: dict[str, Any], problem: str) -> None:
    (found,) = problems(**values)
    assert found.startswith(problem)


def test_all_problems_are_reported_at_once() -> None:
    assert len(problems(command=(), retries=-1, outputs="..")) == 3


def test_valid_requests_are_accepted() -> None:
    RunRequest(command=("true",), lock="uv.lock", python="3.11", outputs="/scratch/out", variables={"LR": "0.1"})
    RunRequest(command=("true",), image="two-tower:2.1", has_code=False, name="night.1", retries=10, keep_minutes=0)


def test_pairs_are_parsed_and_may_contain_an_equals_sign() -> None:
    assert parse_pairs("--variable", ["A=1", "B=x=y", "C="]) == {"A": "1", "B": "x=y", "C": ""}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["A"], "--variable: 'A' is invalid. Expected: NAME=VALUE."),
        (["=1"], "--variable: '=1' is invalid. Expected: NAME=VALUE."),
        (["A=1", "A=2"], "--variable: 'A' is given twice; names must be unique."),
    ],
)
def test_invalid_pairs_are_refused(given: list[str], message: str) -> None:
    with pytest.raises(OperationError) as error:
        parse_pairs("--variable", given)
    assert error.value.message == message
