"""SageMaker models."""

from __future__ import annotations

from typing import Any

from tests.unit.local_aws.conftest import refusal
from tests.unit.local_aws.gaps.sagemaker.conftest import IMAGE, ROLE


def test_a_model_is_described_without_unset_members(sagemaker: Any) -> None:
    sagemaker.create_model(
        ModelName="small",
        ExecutionRoleArn=ROLE,
        Containers=[{"Image": IMAGE}, {"Image": IMAGE}],
        InferenceExecutionConfig={"Mode": "Serial"},
        EnableNetworkIsolation=True,
    )
    described = sagemaker.describe_model(ModelName="small")
    assert not {"PrimaryContainer", "VpcConfig"} & described.keys()
    assert described["InferenceExecutionConfig"] == {"Mode": "Serial"}
    assert described["EnableNetworkIsolation"] is True


def test_a_duplicate_model_is_refused(sagemaker: Any, model: str) -> None:
    error = refusal(sagemaker.create_model, ModelName=model, ExecutionRoleArn=ROLE)
    assert error["Code"] == "ValidationException"
    assert error["Message"].startswith("Cannot create already existing model")


def test_models_are_listed_page_by_page(sagemaker: Any) -> None:
    for number in range(3):
        sagemaker.create_model(ModelName=f"listed-{number}", ExecutionRoleArn=ROLE)
    pages = sagemaker.get_paginator("list_models").paginate(
        NameContains="listed", SortBy="Name", SortOrder="Ascending", PaginationConfig={"PageSize": 2}
    )
    assert [[each["ModelName"] for each in page["Models"]] for page in pages] == [
        ["listed-0", "listed-1"],
        ["listed-2"],
    ]
