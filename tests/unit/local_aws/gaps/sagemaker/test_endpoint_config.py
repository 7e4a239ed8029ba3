"""SageMaker endpoint configurations."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.local_aws.conftest import refusal
from tests.unit.local_aws.gaps.sagemaker.conftest import ROLE, on_instances


@pytest.mark.parametrize("instance_type", ["ml.g5.48xlarge", "ml.g6.xlarge", "ml.g6e.2xlarge", "ml.p5.48xlarge"])
def test_an_endpoint_configuration_accepts_current_instance_types(
    sagemaker: Any, model: str, instance_type: str
) -> None:
    name = instance_type.replace(".", "-")
    variant = on_instances(model, instance_type=instance_type)
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    (found,) = sagemaker.describe_endpoint_config(EndpointConfigName=name)["ProductionVariants"]
    assert found == variant


def test_an_instance_type_not_supported_by_sagemaker_is_refused(sagemaker: Any, model: str) -> None:
    variant = on_instances(model, instance_type="ml.g99.xlarge")
    error = refusal(sagemaker.create_endpoint_config, EndpointConfigName="never", ProductionVariants=[variant])
    assert error["Code"] == "ValidationException"
    assert "'productionVariants.1.member.instanceType'" in error["Message"]


def test_an_endpoint_configuration_is_described_as_requested(sagemaker: Any, model: str) -> None:
    asked = {
        "ProductionVariants": [on_instances(model)],
        "ShadowProductionVariants": [on_instances(model, "shadow")],
        "DataCaptureConfig": {
            "EnableCapture": True,
            "InitialSamplingPercentage": 20,
            "DestinationS3Uri": "s3://bucket/captured",
            "CaptureOptions": [{"CaptureMode": "Input"}],
        },
        "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
        "KmsKeyId": "alias/endpoints",
    }
    sagemaker.create_endpoint_config(EndpointConfigName="everything", **asked)
    described = sagemaker.describe_endpoint_config(EndpointConfigName="everything")
    assert {name: described[name] for name in asked} == asked
    assert "AsyncInferenceConfig" not in described


def test_an_endpoint_configuration_may_serve_inference_components(sagemaker: Any) -> None:
    variant = {"VariantName": "all", "InstanceType": "ml.g5.12xlarge", "InitialInstanceCount": 1}
    sagemaker.create_endpoint_config(
        EndpointConfigName="components", ProductionVariants=[variant], ExecutionRoleArn=ROLE
    )
    assert sagemaker.describe_endpoint_config(EndpointConfigName="components")["ExecutionRoleArn"] == ROLE


@pytest.mark.parametrize("member", ["ProductionVariants", "ShadowProductionVariants"])
def test_a_variant_of_an_unknown_model_is_refused(sagemaker: Any, model: str, member: str) -> None:
    variants = {"ProductionVariants": [on_instances(model)], member: [on_instances("nowhere", "other")]}
    error = refusal(sagemaker.create_endpoint_config, EndpointConfigName="no-model", **variants)
    assert error["Message"].startswith("Could not find model")


def test_duplicate_variant_names_are_refused(sagemaker: Any, model: str) -> None:
    variants = [on_instances(model), on_instances(model)]
    error = refusal(sagemaker.create_endpoint_config, EndpointConfigName="twins", ProductionVariants=variants)
    assert "unique" in error["Message"]
