"""Validation of requests against the public API models."""

from __future__ import annotations

from typing import Any

import pytest

from mlinfra.local_aws.mechanisms.api_model import violation

MODEL = {"ModelName": "llm", "ExecutionRoleArn": "arn:aws:iam::123456789012:role/inference"}


def test_a_valid_request_has_no_violation() -> None:
    assert violation("sagemaker", "CreateModel", MODEL) is None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"ModelName": None}, "Value null at 'modelName'", id="required member"),
        pytest.param({"ModelName": "a b"}, "must satisfy regular expression pattern", id="pattern"),
        pytest.param({"ModelName": "x" * 64}, "must have length less than or equal to 63", id="length"),
        pytest.param({"Containers": [{"Mode": "Dual"}]}, "'containers.1.member.mode'", id="member of a list"),
    ],
)
def test_the_first_violation_names_the_member_and_the_constraint(change: dict[str, Any], expected: str) -> None:
    assert expected in str(violation("sagemaker", "CreateModel", MODEL | change))
