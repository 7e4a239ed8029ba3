"""SageMaker model packages."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.local_aws.conftest import refusal

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/churn:1"


@pytest.fixture
def group(sagemaker: Any, request: pytest.FixtureRequest) -> dict[str, str]:
    name = {"ModelPackageGroupName": request.node.name.replace("_", "-")[:63].rstrip("-")}
    sagemaker.create_model_package_group(**name)
    return name


def test_a_repeated_token_is_answered_with_the_first_version(sagemaker: Any, group: dict[str, str]) -> None:
    first = sagemaker.create_model_package(**group, ClientToken="one")["ModelPackageArn"]
    assert sagemaker.create_model_package(**group, ClientToken="one")["ModelPackageArn"] == first
    assert sagemaker.create_model_package(**group, ClientToken="two")["ModelPackageArn"] == f"{first[:-1]}2"
    assert len(sagemaker.list_model_packages(**group)["ModelPackageSummaryList"]) == 2


def test_a_version_keeps_its_origin(sagemaker: Any, group: dict[str, str]) -> None:
    arn = sagemaker.create_model_package(**group, SourceUri="s3://models/churn/")["ModelPackageArn"]
    assert sagemaker.describe_model_package(ModelPackageName=arn)["SourceUri"] == "s3://models/churn/"


def test_an_origin_and_an_inference_specification_exclude_each_other(sagemaker: Any, group: dict[str, str]) -> None:
    request = {"SourceUri": "s3://models/churn/", "InferenceSpecification": {"Containers": [{"Image": IMAGE}]}}
    assert "SourceUri" in refusal(sagemaker.create_model_package, **group, **request)["Message"]


def test_properties_are_limited_as_in_aws(sagemaker: Any, group: dict[str, str]) -> None:
    refused = refusal(sagemaker.create_model_package, **group, CustomerMetadataProperties={"x": "y" * 257})
    assert refused["Code"] == "ValidationException"
    many = {str(number): "y" for number in range(51)}
    assert refusal(sagemaker.create_model_package, **group, CustomerMetadataProperties=many)["Code"] == (
        "ValidationException"
    )
    refused = refusal(sagemaker.create_model_package, **group, CustomerMetadataProperties={"branch": "a#b"})
    assert "does not satisfy the pattern" in refused["Message"]
