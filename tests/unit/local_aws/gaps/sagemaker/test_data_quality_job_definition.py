"""SageMaker data quality job definitions."""

from __future__ import annotations

from typing import Any

from tests.unit.local_aws.conftest import error_code
from tests.unit.local_aws.gaps.sagemaker.conftest import define


def test_a_job_definition_is_described_without_unset_members(sagemaker: Any) -> None:
    define(sagemaker, "plain")
    described = sagemaker.describe_data_quality_job_definition(JobDefinitionName="plain")
    assert not {"DataQualityBaselineConfig", "NetworkConfig", "StoppingCondition"} & described.keys()
    assert error_code(define, sagemaker, "plain") == "ResourceInUse"


def test_job_definitions_are_listed_by_endpoint_and_page(sagemaker: Any) -> None:
    for number in range(2):
        define(sagemaker, f"listed-{number}")
    first = sagemaker.list_data_quality_job_definitions(EndpointName="llm", NameContains="listed", MaxResults=1)
    assert [each["EndpointName"] for each in first["JobDefinitionSummaries"]] == ["llm"]
    assert first["NextToken"]
    assert sagemaker.list_data_quality_job_definitions(EndpointName="other")["JobDefinitionSummaries"] == []
